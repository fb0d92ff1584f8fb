"""Random legal blocks of every family, drawn from the types and bounds that their parameters declare."""

from __future__ import annotations

import typing
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from quant_core.block import Block
from quant_core.catalog import catalog_of
from quant_core.dimensions.contract import Zone
from quant_core.errors import ConfigError

ZONES = ("session", "utc", "America/New_York", "Asia/Kathmandu", "Etc/GMT+5")


def bounds_of(hint: object) -> dict[str, float]:
    """The declared bounds of a number: ge, gt, le, lt."""
    declared: dict[str, float] = {}
    for note in getattr(hint, "__metadata__", ()):
        for rule in note.metadata if isinstance(note, FieldInfo) else (note,):
            declared |= {k: getattr(rule, k) for k in ("ge", "gt", "le", "lt") if hasattr(rule, k)}
    return declared


def base_of(hint: object) -> object:
    """The type without its bounds."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint


def values_of(hint: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 (one return per kind of parameter)
    """Legal values of one parameter."""
    if hint == Zone:
        return st.sampled_from(ZONES)
    base, bounds = base_of(hint), bounds_of(hint)
    if isinstance(base, type) and issubclass(base, Block):
        catalog = catalog_of(base)
        flat = [b for b in catalog.values() if not any(_is_block(h) for h in hints_of(b).values())]
        return st.sampled_from(flat).flatmap(blocks_of)
    if typing.get_origin(base) is typing.Literal:
        return st.sampled_from(typing.get_args(base))
    if typing.get_origin(base) is tuple:
        return st.lists(values_of(typing.get_args(base)[0]), max_size=4).map(tuple)
    if typing.get_origin(base) in {typing.Union, UnionType}:
        return st.one_of(*(st.none() if kind is NoneType else values_of(kind) for kind in typing.get_args(base)))
    if base is bool:
        return st.booleans()
    if base is int:
        low, high = bounds.get("ge", bounds.get("gt", 0)), bounds.get("le", bounds.get("lt", 0) - 1)
        return st.integers(int(low), int(high))
    if base is float:
        return st.floats(
            bounds.get("ge", bounds.get("gt")),
            bounds.get("le", bounds.get("lt")),
            exclude_min="gt" in bounds,
            exclude_max="lt" in bounds,
        )
    raise TypeError(f"No random values for {hint!r}.")


def _is_block(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Block)


def hints_of(block: type[Block]) -> dict[str, Any]:
    """The declared type of every parameter that an id shows."""
    hints = typing.get_type_hints(block, include_extras=True)
    return {f.name: hints[f.name] for f in fields(block) if "learned" not in f.metadata}


@st.composite
def blocks_of(draw: st.DrawFn, block: type[Block]) -> Block:
    """A random block of one class; parameters that do not go together are given up, one after the other."""
    given = {name: draw(values_of(hint)) for name, hint in hints_of(block).items()}
    while True:
        try:
            return block(**given)
        except ConfigError:
            # Rules between parameters (fast below slow) are the block's own; the default keeps them.
            given.popitem()
