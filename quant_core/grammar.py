"""The grammar of ids: text and mappings into blocks, the same for every family.

Put here: reading ``name(parameter=value,…)`` and ``{name, type, params}`` into blocks.
Keep out: parameter checks (Block itself), names that changed (renames.py), the research file (spec/).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TypeAlias, TypeVar, cast, get_type_hints

from quant_core.block import Block
from quant_core.catalog import Catalog, catalog_of
from quant_core.errors import ConfigError, UnknownNameError
from quant_core.renames import current_parameter, current_value, replacement

B = TypeVar("B", bound=Block)
Given: TypeAlias = Callable[[type[Block]], Mapping[str, object]]
"""Parameters that a block takes where its text does not set them."""

_FORM = "a block such as rsi(window_bars=14), or a mapping {name, type, params}"


def _nothing(block: type[Block]) -> Mapping[str, object]:
    del block
    return {}


def parse_block(catalog: Catalog[B], value: object, where: str = "", *, given: Given = _nothing) -> B:
    """Turn a canonical string, a bare name, an alias or a mapping into a block.

    A mapping has ``name``, optional ``type``, and the parameters in ``params`` or beside the name; with ``type``, the
    name is a free alias and the type is the block's id. Parameters not set keep their defaults; nested blocks are
    written the same way. Earlier names of blocks and parameters are read with a ``RenamedWarning``.

    Args:
        catalog: the family.
        value: what a person or a table wrote.
        where: its place, for errors.
        given: parameters for every block of the text, nested ones too, that does not set them itself.

    Raises:
        UnknownNameError: no such block or parameter; with suggestions and the place.
        ConfigError: the text cannot be read, or a parameter has the wrong type or range.

    >>> from quant_core.events import EVENTS
    >>> str(parse_block(EVENTS, "k_consecutive( window_bars = 5 )"))
    'k_consecutive(window_bars=5,direction=up)'
    >>> str(parse_block(EVENTS, {"name": "my run", "type": "k_consecutive", "params": {"window_bars": 2}}))
    'k_consecutive(window_bars=2,direction=up)'
    >>> parse_block(EVENTS, "k_consecutive(window_bars=x)", "events[0]")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    quant_core.errors.ConfigError: At events[0]: Wrong value at k_consecutive.window_bars: expected a valid integer, ...
    >>> parse_block(EVENTS, "k_consecutiv")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No event is called 'k_consecutiv'. Did you mean 'k_consecutive'?
    """
    place = where or catalog.family
    if isinstance(value, str):
        name, parameters = split_call(value, place)
    elif isinstance(value, Mapping):
        name, parameters = _from_mapping(cast(Mapping[object, object], value), place)
    else:
        raise ConfigError.at(place, expected=_FORM, found=value, next_step="Write one of the two forms.")
    if name not in catalog and (now := replacement(catalog, name, parameters, where)):
        return parse_block(catalog, now, where, given=given)
    if name not in catalog and name in catalog.aliases:
        name, preset = split_call(catalog.aliases[name], place)
        parameters = {**preset, **parameters}
    if name not in catalog:
        raise UnknownNameError.among(catalog.family, name, [*catalog, *catalog.aliases], where=where)
    keys = ("params",) if isinstance(value, Mapping) else ()
    return _build(catalog[name], parameters, place, given, keys)


def _build(block: type[B], parameters: Mapping[str, object], where: str, given: Given, keys: tuple[str, ...]) -> B:
    """Construct a block from parameters that may still be text; ``keys`` may stand beside them, for suggestions."""
    known = [f.name for f in fields(block) if "learned" not in f.metadata]
    hints = get_type_hints(block)
    arguments: dict[str, object] = {k: v for k, v in given(block).items() if k in known}
    seen: set[str] = set()
    for written, value in parameters.items():
        key = current_parameter(block, written, where)
        # The unit may be left out: the source system writes horizon for horizon_bars.
        key = f"{key}_bars" if key not in known and f"{key}_bars" in known else key
        if key not in known:
            raise UnknownNameError.among(f"parameter of {block.__name__}", key, [*known, *keys], where=where)
        if key in seen:
            raise ConfigError.at(where, expected="each parameter once", found=written, next_step=f"Keep one {key}.")
        seen.add(key)
        arguments[key] = _argument(hints[key], current_value(block, key, value, where), f"{where}: {key}", given)
    try:
        return block(**arguments)
    except ConfigError as error:
        raise ConfigError(f"At {where}: {error}") from error


def _argument(hint: object, value: object, where: str, given: Given) -> object:
    """Read one parameter: a nested block, a list, or a plain value that the block itself checks."""
    if isinstance(hint, type) and issubclass(hint, Block) and not isinstance(value, Block):
        return parse_block(catalog_of(hint), value, where, given=given)
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("[") and text.endswith("]"):
            return tuple(part.strip() for part in _split(text[1:-1], ";", where))
        return None if text == "None" else text
    return tuple(cast(list[object], value)) if isinstance(value, list) else value


def _from_mapping(value: Mapping[object, object], where: str) -> tuple[str, dict[str, object]]:
    """Read ``{name, type?, params?}`` with parameters in ``params`` or beside the name."""
    fields_of = {str(k): v for k, v in value.items()}
    kind, called = fields_of.pop("type", None), fields_of.pop("name", None)
    name = kind or called
    params: object = fields_of.pop("params", None) or {}
    if not isinstance(name, str) or not isinstance(params, Mapping):
        raise ConfigError.at(where, expected=_FORM, found=dict(value), next_step="Give a name and a mapping of params.")
    block_id, own = split_call(name, where)
    named = {str(k): v for k, v in cast(Mapping[object, object], params).items()}
    twice = sorted({k for k in (*own, *named, *fields_of) if (k in own) + (k in named) + (k in fields_of) > 1})
    if twice:
        raise ConfigError.at(where, expected="each parameter once", found=twice, next_step="Keep it in params.")
    return block_id, {**own, **named, **fields_of}


def split_call(text: str, where: str) -> tuple[str, dict[str, object]]:
    """Split ``name(a=1,b=x)`` into its parts; brackets may nest.

    Raises:
        ConfigError: brackets do not match, or a part is no ``parameter=value``.

    >>> split_call("quantile_bin(feature=rsi(window_bars=7),n_bins=3)", "here")
    ('quantile_bin', {'feature': 'rsi(window_bars=7)', 'n_bins': '3'})
    """
    name, bracket, rest = text.strip().partition("(")
    if not bracket:
        return name.strip(), {}
    if not rest.endswith(")"):
        raise ConfigError.at(where, expected=_FORM, found=text, next_step="Close the bracket.")
    params: dict[str, object] = {}
    for part in _split(rest[:-1], ",", where):
        key, equals, value = part.partition("=")
        if not equals or key.strip() in params:
            raise ConfigError.at(
                where, expected="parameter=value, each once", found=part, next_step=f"Correct {text!r}."
            )
        params[key.strip()] = value.strip()
    return name.strip(), params


def _split(text: str, separator: str, where: str) -> list[str]:
    """Split at separators outside brackets; an empty text has no part."""
    parts, depth, start = [""], 0, 0
    for i, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if depth < 0:
            raise ConfigError.at(where, expected="matching brackets", found=text, next_step="Remove the extra bracket.")
        if char == separator and depth == 0:
            parts[-1], start = text[start:i], i + 1
            parts.append("")
    parts[-1] = text[start:]
    if depth:
        raise ConfigError.at(where, expected="matching brackets", found=text, next_step="Close the bracket.")
    return parts if text.strip() else []
