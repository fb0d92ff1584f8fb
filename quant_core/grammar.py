"""Text and mappings into blocks.

Put here: the grammar of canonical strings and the look-up of blocks by family.
Keep out: the shape of the research file (spec/) and parameter checks (Block itself).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TypeVar, cast, get_type_hints

from quant_core.block import Block
from quant_core.catalog import Catalog, catalog_of
from quant_core.errors import ConfigError, UnknownNameError

B = TypeVar("B", bound=Block)

_FORM = "a block such as k_consecutive(k=3,direction=up), or a mapping {name, type, params}"


def parse_block(catalog: Catalog[B], value: object, where: str = "") -> B:
    """Turn a canonical string, a bare name or a mapping into a block.

    A mapping has ``name``, optional ``type`` and ``params``; with ``type``, the name is a free alias and the type is
    the block's id. Parameters not given keep their defaults; nested blocks are written the same way.

    Raises:
        UnknownNameError: no such block or parameter; with suggestions and the place.
        ConfigError: the text cannot be read, or a parameter has the wrong type or range.

    >>> from quant_core.events import EVENTS
    >>> str(parse_block(EVENTS, "k_consecutive( k = 5 )"))
    'k_consecutive(k=5,direction=up)'
    >>> str(parse_block(EVENTS, {"name": "my run", "type": "k_consecutive", "params": {"k": 2, "direction": "down"}}))
    'k_consecutive(k=2,direction=down)'
    >>> parse_block(EVENTS, "k_consecutive(k=x)", "events[0]")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    quant_core.errors.ConfigError: At events[0]: Wrong value at k_consecutive.k: expected a valid integer, ...
    >>> parse_block(EVENTS, "k_consecutiv")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No event is called 'k_consecutiv'. Did you mean 'k_consecutive'?
    """
    place = where or catalog.family
    if isinstance(value, str):
        name, params = _split_call(value, place)
    elif isinstance(value, Mapping):
        name, params = _from_mapping(cast(Mapping[object, object], value), place)
    else:
        raise ConfigError.at(place, expected=_FORM, found=value, next_step="Write one of the two forms.")
    if name not in catalog:
        raise UnknownNameError.among(catalog.family, name, catalog, where=where)
    block = catalog[name]
    return _build(block, params, place)


def _build(block: type[B], params: Mapping[str, object], where: str) -> B:
    """Construct a block from parameters that may still be text."""
    known = [f.name for f in fields(block) if "learned" not in f.metadata]
    hints = get_type_hints(block)
    arguments: dict[str, object] = {}
    for given, value in params.items():
        # The unit may be left out: the source system writes horizon for horizon_bars.
        key = f"{given}_bars" if given not in known and f"{given}_bars" in known else given
        if key not in known:
            raise UnknownNameError.among(f"parameter of {block.__name__}", key, known, where=where)
        arguments[key] = _argument(hints[key], value, f"{where}: {key}")
    try:
        return block(**arguments)
    except ConfigError as error:
        raise ConfigError(f"At {where}: {error}") from error


def _argument(hint: object, value: object, where: str) -> object:
    """Read one parameter: a nested block, a list, or a plain value that the block itself checks."""
    if isinstance(hint, type) and issubclass(hint, Block) and not isinstance(value, Block):
        return parse_block(catalog_of(hint), value, where)
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("[") and text.endswith("]"):
            return tuple(part.strip() for part in _split(text[1:-1], ";", where))
        return None if text == "None" else text
    return tuple(cast(list[object], value)) if isinstance(value, list) else value


def _from_mapping(value: Mapping[object, object], where: str) -> tuple[str, dict[str, object]]:
    """Read ``{name, type?, params}``."""
    for key in value:
        if key not in {"name", "type", "params"}:
            raise UnknownNameError.among("field of a block", str(key), ["name", "type", "params"], where=where)
    name = value.get("type") or value.get("name")
    params: object = value.get("params") or {}
    if not isinstance(name, str) or not isinstance(params, Mapping):
        raise ConfigError.at(where, expected=_FORM, found=dict(value), next_step="Give a name and a mapping of params.")
    block_id, given = _split_call(name, where)
    named = {str(k): v for k, v in cast(Mapping[object, object], params).items()}
    twice = sorted(set(given) & set(named))
    if twice:
        raise ConfigError.at(where, expected="each parameter once", found=twice, next_step="Keep it in params.")
    return block_id, {**given, **named}


def _split_call(text: str, where: str) -> tuple[str, dict[str, object]]:
    """Split ``name(a=1,b=x)`` into its parts; brackets may nest."""
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
