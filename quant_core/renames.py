"""Names that changed: earlier blocks, parameters and words of ids, read with a warning that says the name now.

Put here: what the declarations ``renamed(…)``, ``renamed_values`` and ``replaces`` of a block mean.
Keep out: the declarations (each block's file) and the grammar (grammar.py).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from quant_core.block import Block, is_written, text_of
from quant_core.catalog import Catalog
from quant_core.errors import UnknownNameError

_SLOT = re.compile(r"\{(\w+)\}")


class RenamedWarning(FutureWarning):
    """A spec uses an earlier name; the text says the name now."""


def current_parameter(block: type[Block], written: str, where: str) -> str:
    """The parameter's name now, with a warning where it changed."""
    now = next((f.name for f in fields(block) if written in f.metadata.get("earlier", ())), None)
    if now is None:
        return written
    _warn(f"parameter {written} of {block.__name__}", now, where)
    return now


def current_value(block: type[Block], parameter: str, value: object, where: str) -> object:
    """The word for a value now, with a warning where it changed."""
    words = block.renamed_values.get(parameter, {})
    if not isinstance(value, str) or value not in words:
        return value
    _warn(f"{parameter}={value} of {block.__name__}", f"{parameter}={words[value]}", where)
    return words[value]


def replacement(catalog: Catalog[Any], name: str, given: Mapping[str, object], where: str) -> str | None:
    """The id that took the place of an earlier block with these parameters, with a warning; None where there is none.

    Raises:
        UnknownNameError: the earlier block had no such parameter.

    >>> from quant_core.conditions import CONDITIONS
    >>> with warnings.catch_warnings(record=True):
    ...     warnings.simplefilter("always")
    ...     print(replacement(CONDITIONS, "day_of_week", {}, ""))
    calendar_bin(dimension=dow(zone=session))
    """
    forms = _earlier_forms(catalog, name)
    if not forms:
        return None
    shown, template = forms[0]
    if not shown and "(" not in template and template in catalog:
        # The same block under another name: it takes the same parameters, and the spec's own defaults.
        now = _written(template, {k: text_of(v) for k, v in given.items()})
        _warn(f"{catalog.family} {name}", now, where)
        return now
    defaults = shown
    for parameter in given:
        if parameter not in defaults:
            raise UnknownNameError.among(f"parameter of {name}", parameter, defaults, where=where)
    values = {**defaults, **{k: text_of(v) for k, v in given.items()}}
    for shown, template in forms:
        slots = set(_SLOT.findall(template))
        if all(values[k] == v for k, v in shown.items() if k not in slots):
            now = template.format(**values)
            _warn(f"{catalog.family} {name}", now, where)
            return now
    return None


def first_spelling(block: Block) -> str:
    """The id under which the block was first stored: what its random streams are named by, so no rename moves a number.

    >>> from quant_core.features.rsi import Rsi
    >>> first_spelling(Rsi(window_bars=5))
    'rsi(period=5)'
    """
    for earlier, template in block.replaces:
        if (values := _slots_of(template, block.canonical)) is not None:
            name, shown = _call(earlier)
            return _written(name, {k: _first_word(values.get(k, v)) for k, v in shown.items()})
    own = [f for f in fields(block) if is_written(block, f)]
    values = {f.metadata.get("earlier", (f.name,))[0]: _first_text(getattr(block, f.name)) for f in own}
    return _written(block.name, values)


def _first_text(value: object) -> str:
    return first_spelling(value) if isinstance(value, Block) else _first_word(text_of(value))


def _first_word(text: str) -> str:
    """Zones were written as IANA writes them."""
    return "UTC" if text == "utc" else text


def _written(name: str, parameters: Mapping[str, str]) -> str:
    inner = ",".join(f"{k}={v}" for k, v in parameters.items())
    return f"{name}({inner})" if inner else name


def _earlier_forms(catalog: Catalog[Any], name: str) -> list[tuple[dict[str, str], str]]:
    """Parameters shown and the new text of every earlier id of this name."""
    texts = [item for block in catalog.values() for item in block.replaces]
    calls = [(*_call(earlier), template) for earlier, template in texts]
    return [(shown, template) for found, shown, template in calls if found == name]


def _call(text: str) -> tuple[str, dict[str, str]]:
    """Name and parameters of an id without nested blocks."""
    name, _, inner = text.removesuffix(")").partition("(")
    return name, dict(part.split("=", 1) for part in inner.split(",") if part)


def _slots_of(template: str, text: str) -> dict[str, str] | None:
    """The values that fill a template to this text; None where the text is another."""
    pieces = _SLOT.split(template)
    pattern = "".join(re.escape(p) if i % 2 == 0 else f"(?P<{p}>[^(),]*)" for i, p in enumerate(pieces))
    found = re.fullmatch(pattern, text)
    return found.groupdict() if found else None


def _warn(earlier: str, now: str, where: str) -> None:
    place = f" (at {where})" if where else ""
    warnings.warn(f"The {earlier} is called {now} now{place}. Write the new name.", RenamedWarning, stacklevel=4)
