"""JSON rows: objects or arrays, in one array, under one key, or one per line.

Put here: the reader ``json_rows``.
Keep out: where in a document the rows lie (_json_tables.py), the meaning of keys and positions (columns.py).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.archives import Member
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.field_kinds import NULL_VALUES
from quant_core.ingestion.readers._json_tables import flat, symbol_in, tables_in, zone_in
from quant_core.ingestion.readers.contract import SAMPLE_ROWS, Preview, Reader, RefusedRow, Sheet
from quant_core.ingestion.text_layout import decode

_MAX_INT = 2**63 - 1
_VALUE_BYTES, _ARRAY_BYTES, _OBJECT_BYTES = 64, 120, 500
_LINES = "one row per line"


@dataclass(frozen=True)
class _Rows:
    """Parsed rows: the good ones as lists of equal width with their numbers, and the refused ones."""

    values: list[list[Any]]
    numbers: list[int]
    refused: list[RefusedRow]


@dataclass(frozen=True)
class JsonRows(Reader):
    """An array of objects or of arrays, one row per line, or a document that holds one table in another shape.

    Shapes: an array at any depth, arrays per field, pandas' orients, an object per time or per field, rows by symbol.
    Objects inside a row become names with a dot (``mid.o``). ``origin_row`` is the 1-based position of the row (the
    line, where rows are lines). Keys are the union of all objects' keys in order of appearance; a missing key is a
    missing value. Rows that are neither, arrays of another length than most, and rows with nested values are refused.

    Look-ahead: none. Missing: null, empty text and the null texts of the dialect are null, save in symbols.

    >>> JsonRows().recognizes(b' [[1, 2]]'), JsonRows().recognizes(b'date,open')
    (True, False)
    """

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".json", ".jsonl", ".ndjson")

    @property
    def is_text(self) -> bool:
        return True

    def recognizes(self, head: bytes) -> bool:
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        return start[:1] == b"{" or (start[:1] == b"[" and start[1:].lstrip()[:1] in (b"[", b"{", b"]"))

    def preview(self, member: Member, dialect: Dialect) -> Preview:
        data, encoding = decode(member.data, member.origin, dialect.encoding)
        member.budget_for(dialect).take_rows(_held_bytes(data), "its objects and numbers", member.origin)
        items, shape, outside = _items(data.decode("utf-8", errors="replace"), member.origin)
        if not items:
            raise RefusedInputError.at(
                member.origin, reason="the file holds no row", fix="remove the file or deliver it again"
            )
        is_object = sum(isinstance(row, dict) for _, row in items) * 2 >= len(items)
        names = _keys(items) if is_object else None
        rows = _rows(items, names)
        if names is None and isinstance(dialect.header, list):
            names = tuple(dialect.header)
        sample = [["" if v is None else str(v) for v in row] for row in rows.values[:SAMPLE_ROWS]]
        resolved = {"encoding": encoding, "header": list(names) if names else False, "first_row": 1, "rows": shape}
        return Preview(names, sample, 1, resolved | outside, rows)

    def load(self, member: Member, preview: Preview, roles: Mapping[int, str], dialect: Dialect) -> Sheet:
        del member
        rows: _Rows = preview.payload
        nulls = NULL_VALUES if dialect.null_values is None else dialect.null_values
        frame = pl.DataFrame([_column(role, [row[i] for row in rows.values], nulls) for i, role in roles.items()])

        def text_of(positions: Sequence[int]) -> list[str]:
            return [json.dumps(rows.values[p], ensure_ascii=False) for p in positions]

        return Sheet(frame, pl.Series("origin_row", rows.numbers, dtype=pl.Int64), text_of, rows.refused)


def _held_bytes(data: bytes) -> int:
    """Memory that a document takes once parsed, about: its text, and its values as objects of Python, twice.

    Counted by the marks around values; marks inside texts count too, of which bars have few.

    >>> _held_bytes(b"[[1, 2], [3, 4]]"), _held_bytes(b'[{"a": 1, "b": 2}]')
    (584, 720)
    """
    marks = {mark: data.count(mark) for mark in (b",", b"[", b"{")}
    return 2 * len(data) + _VALUE_BYTES * marks[b","] + _ARRAY_BYTES * marks[b"["] + _OBJECT_BYTES * marks[b"{"]


def _items(text: str, origin: str) -> tuple[list[tuple[int, Any]], str, dict[str, str]]:
    """Numbered rows, lines that are no JSON as their text, the shape, and what is written outside the rows."""
    text = text.removeprefix("\ufeff")
    try:
        whole: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [(i + 1, line) for i, line in enumerate(text.split("\n")) if line.strip()]
        parsed = [(row, _line(line)) for row, line in lines]
        if not any(isinstance(row, (dict, list)) for _, row in parsed):
            raise RefusedInputError.at(
                origin,
                reason=f"not readable JSON ({str(error)[:120]})",
                fix="format: delimited_text, or write the file again",
            ) from error
        return [(i, flat(cast(dict[str, Any], r)) if isinstance(r, dict) else r) for i, r in parsed], _LINES, {}
    found = tables_in(whole)
    if len(found) == 1:
        place = f" under {'.'.join(found[0].path)!r}" if found[0].path else ""
        said = {"written_zone": zone_in(whole), "document_symbol": symbol_in(whole)}
        return _numbered(found[0].rows), found[0].shape + place, {key: text for key, text in said.items() if text}
    if len(found) > 1:
        places = ", ".join(repr(".".join(t.path)) for t in found)
        raise RefusedInputError.at(origin, reason=f"it holds several tables: {places}", fix="deliver one per file")
    if isinstance(whole, dict):
        named = cast(dict[str, Any], whole)
        arrays = [k for k, v in named.items() if isinstance(v, list)]
        if len(arrays) == 1:
            return _numbered(named[arrays[0]]), f"array under {arrays[0]!r}", {}
        if not any(isinstance(v, (dict, list)) for v in named.values()):
            return [(1, named)], "one object", {}
    if not isinstance(whole, list):
        raise RefusedInputError.at(
            origin,
            reason=f"the JSON holds no table of bars (its keys are {_some_keys(whole)})",
            fix="write an array of objects or of arrays, or arrays per column",
        )
    return _numbered(cast(list[Any], whole)), "array", {}


def _some_keys(whole: Any) -> list[str]:
    return list(cast(dict[str, Any], whole))[:10] if isinstance(whole, dict) else []


def _numbered(rows: list[Any]) -> list[tuple[int, Any]]:
    return [(i + 1, row) for i, row in enumerate(rows)]


def _line(line: str) -> Any:
    """One row of a file of lines; the text itself where it is no JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line


def _keys(items: list[tuple[int, Any]]) -> tuple[str, ...]:
    """Keys of all objects in order of appearance."""
    objects = [cast(dict[str, Any], row) for _, row in items if isinstance(row, dict)]
    return tuple(dict.fromkeys(key for row in objects for key in row))


def _rows(items: list[tuple[int, Any]], names: tuple[str, ...] | None) -> _Rows:
    """Split good rows from refused ones."""
    out = _Rows([], [], [])
    lengths = Counter(len(cast(list[Any], row)) for _, row in items if isinstance(row, list))
    width = lengths.most_common(1)[0][0] if lengths else 0
    for number, row in items:
        values = _values(row, names, width)
        if values is None:
            text = row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)
            out.refused.append(RefusedRow(number, "not_a_row", text))
        elif any(isinstance(v, (dict, list)) for v in values):
            out.refused.append(RefusedRow(number, "nested_value", json.dumps(row, ensure_ascii=False)))
        else:
            out.values.append(values)
            out.numbers.append(number)
    return out


def _values(row: Any, names: tuple[str, ...] | None, width: int) -> list[Any] | None:
    """Values of one row in column order; None when it is no row of this file."""
    if names is not None:
        return [cast(dict[str, Any], row).get(k) for k in names] if isinstance(row, dict) else None
    values = cast(list[Any], row) if isinstance(row, list) else []
    return values if values and len(values) == width else None


def _column(role: str, values: list[Any], nulls: Sequence[str]) -> pl.Series:
    """Integers, floats, else text; a mixed column is text so that each value is judged alone."""
    filled = [v for v in values if v is not None]
    if filled and all(type(v) is int and abs(v) <= _MAX_INT for v in filled):
        return pl.Series(role, values, dtype=pl.Int64)
    if filled and all(type(v) in (int, float) and (type(v) is float or abs(v) <= _MAX_INT) for v in filled):
        return pl.Series(role, [None if v is None else float(v) for v in values], dtype=pl.Float64)
    missing = ("",) if role == "symbol" else ("", *nulls)  # NA is a company
    texts = [None if v is None or str(v).strip() in missing else str(v).strip() for v in values]
    return pl.Series(
        role, [None if t is None else t.encode("utf-8", "replace").decode() for t in texts], dtype=pl.String
    )
