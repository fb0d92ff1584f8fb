"""JSON tables: where in an answer of a vendor the rows lie, and rows made from columns.

Put here: the shapes in use: arrays of rows, arrays per field, pandas' orients, objects by date, by field, by symbol.
Keep out: splitting good rows from bad ones (json_rows.py) and the meaning of names (columns.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from quant_core.ingestion.column_names import ROLE_OF, normalize
from quant_core.ingestion.epochs import is_epoch_text
from quant_core.ingestion.field_kinds import main_kind

INDEX = "index"
"""Name of the column made from the keys of an object; a time there is recognized as that of an unnamed index."""

_WIDTH = 4  # a table of bars has at least so many fields
_MAX_DEPTH = 6
_SYMBOL_NAMES = ("symbol", "ticker", "instrument")  # a code is mostly that of the answer
_KEYS_SEEN = 50


@dataclass(frozen=True)
class JsonTable:
    """Rows found inside a document: where, how they lay, and the rows as arrays or flat objects."""

    path: tuple[str, ...]
    shape: str
    rows: list[Any]

    @property
    def width(self) -> int:
        """Fields of the widest of the first rows."""
        return max((len(r) for r in self.rows[:_KEYS_SEEN] if _is_nested(r)), default=0)


def tables_in(document: Any) -> list[JsonTable]:
    """Every table of a document that is wide enough for bars; of rows by symbol, one table with the symbol added.

    >>> table, = tables_in({"s": "ok", "t": [1, 2], "o": [3, 4], "h": [5, 6], "l": [1, 1], "c": [2, 2]})
    >>> table.shape, table.rows[0]
    ('arrays per field', {'t': 1, 'o': 3, 'h': 5, 'l': 1, 'c': 2})
    >>> tables_in({"error": [], "result": {"X": [[1, 2, 3, 4, 5]], "last": 7}})[0].path
    ('result', 'X')
    """
    found = [t for t in _search(document, (), 0) if t.width >= _WIDTH]
    parents = {t.path[:-1] for t in found}
    if len(found) > 1 and len(parents) == 1 and all(t.path and not t.path[-1].startswith("[") for t in found):
        rows = [_with_symbol(row, t.path[-1]) for t in found for row in t.rows]
        return [JsonTable((*parents.pop(), "*"), "rows by symbol", rows)]
    return found


def flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A row without nested objects; the parts of a name are joined by a dot.

    >>> flat({"time": 1, "mid": {"o": 2, "c": 3}})
    {'time': 1, 'mid.o': 2, 'mid.c': 3}
    """
    out: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            out |= flat(cast(Mapping[str, Any], value), f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = value
    return out


def zone_in(document: Any) -> str | None:
    """The zone that a document says its times are written in, where it is a known name.

    >>> zone_in({"Meta Data": {"6. Time Zone": "US/Eastern"}}), zone_in({"meta": {"symbol": "X"}})
    ('US/Eastern', None)
    """
    if not isinstance(document, Mapping):
        return None
    named = flat({k: v for k, v in cast(Mapping[str, Any], document).items() if not isinstance(v, list)})
    zones = {v for k, v in named.items() if normalize(k.rsplit(".", 1)[-1].strip()).endswith(("timezone", "tz"))}
    names = [z for z in zones if isinstance(z, str) and "/" in z and _is_zone(z)]
    return names[0] if len(zones) == 1 and names else None


def symbol_in(document: Any) -> str | None:
    """The one symbol that a document names outside its rows.

    >>> symbol_in({"symbol": "AAPL", "bars": []}), symbol_in({"Meta Data": {"2. Symbol": "IBM"}}), symbol_in([])
    ('AAPL', 'IBM', None)
    """
    if not isinstance(document, Mapping):
        return None
    found = set(_symbols(cast(Mapping[str, Any], document), 0))
    return found.pop() if len(found) == 1 else None


def _symbols(named: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Texts under names of a symbol, in objects and in arrays of one object."""
    for key, value in named.items():
        inner: Any = value
        if isinstance(inner, list):
            items = cast(list[Any], inner)
            inner = items[0] if len(items) == 1 else None
        if isinstance(inner, Mapping) and depth < _MAX_DEPTH:
            yield from _symbols(cast(Mapping[str, Any], inner), depth + 1)
        elif isinstance(inner, str) and inner.strip() and normalize(key.strip()) in _SYMBOL_NAMES:
            yield inner.strip()


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_nested(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _search(value: Any, path: tuple[str, ...], depth: int) -> Iterator[JsonTable]:
    """Tables of a value and of what lies in it."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        yield from _in_list(cast(list[Any], value), path, depth)
    elif isinstance(value, dict):
        named = cast(dict[str, Any], value)
        own = _split(named, path) or _columns(named, path) or _by_time(named, path) or _by_field(named, path)
        if own is not None:
            yield own
            return
        for key, inner in named.items():
            yield from _search(inner, (*path, key), depth + 1)


def _in_list(values: list[Any], path: tuple[str, ...], depth: int) -> Iterator[JsonTable]:
    """An array of rows, or of objects that hold tables themselves."""
    first: Any = next((v for v in values if _is_nested(v)), None)
    if first is None:
        return
    if isinstance(first, dict) and _holds_table(cast(dict[str, Any], first), depth):
        for i, inner in enumerate(values):
            yield from _search(inner, (*path, f"[{i}]"), depth + 1)
        return
    rows = [flat(cast(dict[str, Any], v)) if isinstance(v, dict) else v for v in values]
    yield JsonTable(path, "array", rows)


def _holds_table(row: dict[str, Any], depth: int) -> bool:
    return any(map(_is_nested, row.values())) and any(t.width >= _WIDTH for t in _search(row, (), depth + 1))


def _split(named: dict[str, Any], path: tuple[str, ...]) -> JsonTable | None:
    """Pandas' orient ``split``: columns, data and mostly index."""
    columns, data, index = named.get("columns"), named.get("data"), named.get("index")
    if not isinstance(columns, list) or not isinstance(data, list) or not all(isinstance(r, list) for r in data):  # pyright: ignore[reportUnknownVariableType]
        return None
    names = [str(c) for c in cast(list[Any], columns)]
    rows = [dict(zip(names, cast(list[Any], r), strict=False)) for r in cast(list[Any], data)]
    if isinstance(index, list) and len(cast(list[Any], index)) == len(rows):
        rows = [{INDEX: key, **row} for key, row in zip(cast(list[Any], index), rows, strict=True)]
    return JsonTable(path, "columns, index and data", rows)


def _columns(named: dict[str, Any], path: tuple[str, ...]) -> JsonTable | None:
    """Arrays per field, all of one length, also below single objects."""
    arrays = dict(_arrays(named, ""))
    lengths = {len(a) for a in arrays.values()}
    roles = {ROLE_OF.get(normalize(name.rsplit(".", 1)[-1])) for name in arrays}
    if len(lengths) != 1 or len(roles - {None}) < _WIDTH:
        return None
    last = [name.rsplit(".", 1)[-1] for name in arrays]
    names = last if len(set(last)) == len(last) else list(arrays)
    rows = [dict(zip(names, values, strict=True)) for values in zip(*arrays.values(), strict=True)]
    return JsonTable(path, "arrays per field", rows)


def _arrays(named: dict[str, Any], prefix: str) -> Iterator[tuple[str, list[Any]]]:
    """Arrays of plain values with their dotted names; an array of one object is that object."""
    for key, value in named.items():
        inner: Any = value
        if isinstance(inner, list):
            items = cast(list[Any], inner)
            if items and not any(map(_is_nested, items)):
                yield f"{prefix}{key}", items
            inner = items[0] if len(items) == 1 else None
        if isinstance(inner, dict):
            yield from _arrays(cast(dict[str, Any], inner), f"{prefix}{key}.")


def _by_time(named: dict[str, Any], path: tuple[str, ...]) -> JsonTable | None:
    """One object or array per time: the keys are the times."""
    keys = list(named)[:_KEYS_SEEN]
    kind = main_kind(keys)
    if not keys or (kind != "moment" and not (kind == "number" and is_epoch_text(keys))):
        return None
    rows: list[Any] = []
    for key, value in named.items():
        if isinstance(value, dict):
            rows.append({INDEX: key, **flat(cast(dict[str, Any], value))})
        elif isinstance(value, list):
            rows.append([key, *cast(list[Any], value)])
        else:
            return None
    return JsonTable(path, "one entry per time", rows)


def _by_field(named: dict[str, Any], path: tuple[str, ...]) -> JsonTable | None:
    """One object per field, whose keys are the rows: pandas' default."""
    fields = {k: cast(dict[str, Any], v) for k, v in named.items() if isinstance(v, dict)}
    roles = {ROLE_OF.get(normalize(k)) for k in fields}
    if len(fields) != len(named) or len(roles - {None}) < _WIDTH:
        return None
    keys = dict.fromkeys(key for values in fields.values() for key in values)
    rows = [{INDEX: key, **{name: values.get(key) for name, values in fields.items()}} for key in keys]
    return JsonTable(path, "one object per field", rows)


def _with_symbol(row: Any, symbol: str) -> Any:
    """A row with the symbol under which it lay, unless it names one."""
    if isinstance(row, dict):
        named = cast(dict[str, Any], row)
        return named if any(ROLE_OF.get(normalize(k)) == "symbol" for k in named) else {"symbol": symbol, **named}
    return [symbol, *cast(list[Any], row)] if isinstance(row, list) else row
