"""Blocks to prove: every block of a catalog, by default parameters and with each choice of each parameter."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from dataclasses import fields

from quant_core.bars import Bars
from quant_core.block import Block
from quant_core.catalog import Catalog
from quant_core.timeframes import Timeframe


def choices(hint: object, name: str) -> tuple[object, ...]:
    """The values a parameter can be enumerated over; none for numbers."""
    if name == "timeframe":
        # Coarser than the finest bars of the contract tests.
        return tuple(v for v in typing.get_args(hint) if v == "higher" or Timeframe(v) > Timeframe.M30)
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)
    if hint is bool:
        return (False, True)
    return ("America/New_York", "exchange") if name == "zone" else ()


def variants(catalog: Catalog[typing.Any]) -> list[Block]:
    """Default blocks first, then one variant per choice of a parameter."""
    found = dict.fromkeys([block() for block in catalog.values()])
    found.update(dict.fromkeys(v for block in catalog.values() for v in _variants_of(block)))
    return list(found)


def _variants_of(block: type[Block]) -> Iterator[Block]:
    hints = typing.get_type_hints(block)
    for field in fields(block):
        for value in choices(hints[field.name], field.name):
            yield block(**{field.name: value})


def suits(block: Block, bars: Bars) -> bool:
    """False for a block that names a timeframe not coarser than the bars'."""
    named = getattr(block, "timeframe", "higher")
    return named == "higher" or Timeframe(named) > bars.timeframe
