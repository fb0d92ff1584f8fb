"""Text pieces: lines of delimited text → typed columns, in bulk where they are regular and mended where they are not.

Put here: reading in chunks, so that one odd line costs its own piece only.
Keep out: detection of the layout (text_layout.py) and the meaning of fields (number_fields.py, times.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from quant_core.ingestion.arrow_library import pa, pa_csv
from quant_core.ingestion.columns import TIME_ROLES
from quant_core.ingestion.readers.contract import RefusedRow
from quant_core.ingestion.text_layout import TextLayout, split_fields
from quant_core.ingestion.time_formats import Bools, parse_times

_CHUNK_BYTES, _PIECE_BYTES, _BLOCK_BYTES = 1 << 23, 1 << 19, 1 << 20
_LONG_LINE_BYTES, _TEXT_OF_LONG_LINE = 1 << 23, 10_000
_ISO_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M")


@dataclass(frozen=True)
class TextPlan:
    """How the fields of a text become columns.

    Attributes:
        types: role → Arrow type; a text type leaves the fields as they are written.
        positions: role → position in the line.
        nulls: texts that mean "missing".
    """

    layout: TextLayout
    types: Mapping[str, Any]
    positions: Mapping[str, int]
    nulls: Sequence[str]


@dataclass(frozen=True)
class Piece:
    """Consecutive lines, read.

    Attributes:
        frame: one column per role.
        rows: line numbers of the frame's rows; None where every line from ``first_row`` on is a row.
        n_lines: lines of the piece, with blank and refused ones.
        odd: role → texts that do not fit the column's type, null elsewhere; such a field is null in the frame.
    """

    start: int
    end: int
    first_row: int
    n_lines: int
    frame: pl.DataFrame
    rows: pl.Series | None
    refused: tuple[RefusedRow, ...]
    odd: Mapping[str, pl.Series]

    def origin_row(self) -> pl.Series:
        """Line numbers of the frame's rows."""
        if self.rows is not None:
            return self.rows
        return pl.int_range(self.first_row, self.first_row + self.frame.height, dtype=pl.Int64, eager=True)


def read_pieces(data: bytes, plan: TextPlan) -> Iterator[Piece]:
    """Read a text from its first data row on, chunk by chunk; a chunk with an odd line is cut into small pieces."""
    row = plan.layout.first_row
    for start, end in _cuts(data, _offset_of(data, row), len(data), _CHUNK_BYTES):
        whole = None if _is_long_line(data, start, end) else _read_typed(data, start, end, row, plan)
        if whole:
            yield whole
            row += whole.n_lines
            continue
        for at, stop in _cuts(data, start, end, _PIECE_BYTES):
            if _is_long_line(data, at, stop):
                piece = _long_line(data, at, stop, row, plan)
            else:
                piece = _read_typed(data, at, stop, row, plan) or _mended(data, at, stop, row, plan)
            yield piece
            row += piece.n_lines


def lines_of(data: bytes) -> pl.Series:
    r"""Every line of the text, without line ends; a final line end opens no further line.

    >>> lines_of(b"a\r\n\nb").to_list()
    ['a', '', 'b']
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data and not data.endswith(b"\n"):
        data += b"\n"
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")) + 1
    offsets = np.concatenate(([0], ends)).astype(np.int64)
    array: Any = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    return pl.Series(pl.from_arrow(array)).str.strip_suffix("\n").alias("line")


def _offset_of(data: bytes, row: int) -> int:
    """Where a line begins, in bytes; the end of the text when it has fewer lines."""
    at = 0
    for _ in range(row - 1):
        found = re.compile(rb"\r\n|\n|\r").search(data, at)
        if found is None:
            return len(data)
        at = found.end()
    return at


def _cuts(data: bytes, start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Stretches of about a size that end with a line feed."""
    while start < end:
        stop = end if end - start <= size else data.rfind(b"\n", start, start + size) + 1
        if stop == 0:  # a line longer than the size
            stop = data.find(b"\n", start + size, end) + 1 or end
        yield start, stop
        start = stop


def _is_long_line(data: bytes, start: int, end: int) -> bool:
    """True for one line that is longer than any row; a text whose lines end with a carriage return alone has many."""
    return (
        end - start > _LONG_LINE_BYTES and data.find(b"\n", start, end - 1) < 0 and data.find(b"\r", start, end - 2) < 0
    )


def _long_line(data: bytes, start: int, end: int, row: int, plan: TextPlan) -> Piece:
    """A line that is refused without a look at its fields, of which there may be millions; its begin is kept."""
    text = data[start : start + _TEXT_OF_LONG_LINE].decode("utf-8", errors="replace")
    columns, _ = _typed(_text_frame(pl.Series([], dtype=pl.String), plan), plan)
    rows = pl.Series("origin_row", [], dtype=pl.Int64)
    return Piece(start, end, row, 1, columns, rows, (RefusedRow(row, "long_line", text),), {})


def _read_typed(data: bytes, start: int, end: int, row: int, plan: TextPlan) -> Piece | None:
    """Read a stretch as typed columns; None when a line or a field does not fit."""
    if data.find(b'"', start, end) >= 0 or data.find(b"\0", start, end) >= 0:
        return None
    frame = _parse(pa.py_buffer(memoryview(data)[start:end]), plan, plan.types, quotes=False)
    if frame is None or any(frame[role].null_count() for role in frame.columns if role in TIME_ROLES):
        return None  # Arrow gives a blank line as a row of nulls
    return Piece(start, end, row, frame.height, frame, None, (), {})


def _parse(buffer: Any, plan: TextPlan, types: Mapping[str, Any], *, quotes: bool) -> pl.DataFrame | None:
    """Arrow's parser; None when it refuses."""
    role_at = {position: role for role, position in plan.positions.items()}
    has_symbols = "symbol" in plan.positions  # NA and NULL are companies there
    names = [role_at.get(i, f"_{i}") for i in range(plan.layout.width)]
    try:
        table: Any = pa_csv.read_csv(
            pa.BufferReader(buffer),
            # A block must hold a whole line, however long; text that is mended is one block.
            read_options=pa_csv.ReadOptions(column_names=names, block_size=buffer.size + 1 if quotes else _BLOCK_BYTES),
            parse_options=pa_csv.ParseOptions(
                delimiter=plan.layout.separator, quote_char='"' if quotes else False, ignore_empty_lines=False
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=types,
                include_columns=list(plan.positions),
                null_values=list(plan.nulls),
                strings_can_be_null=not has_symbols,
                timestamp_parsers=[pa_csv.ISO8601],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    frame = pl.DataFrame(pl.from_arrow(table, rechunk=False))
    return _without_nulls(frame, plan.nulls) if has_symbols else frame


def _without_nulls(frame: pl.DataFrame, nulls: Sequence[str]) -> pl.DataFrame:
    """Texts that mean "missing" become null; in the column of symbols only empty ones do."""
    texts = pl.col(pl.String).exclude("symbol")
    frame = frame.with_columns(pl.when(~texts.is_in(list(nulls))).then(texts))
    return frame.with_columns(symbol=pl.when(pl.col("symbol") != "").then("symbol")) if "symbol" in frame else frame


def _mended(data: bytes, start: int, end: int, row: int, plan: TextPlan) -> Piece:
    """Read a stretch with its odd lines: they are cut one by one, the others in bulk as text, then typed."""
    lines = lines_of(data[start:end])
    numbers = pl.int_range(row, row + len(lines), dtype=pl.Int64, eager=True)
    filled = lines.str.strip_chars() != ""
    is_plain = filled & ~lines.str.contains_any(['"', "\0"])
    is_plain &= lines.str.count_matches(plan.layout.separator, literal=True) == plan.layout.width - 1
    is_plain |= lines.str.contains(_quoted_line(plan.layout))
    texts, refused = _cut_lines(lines, numbers, filled & ~is_plain, plan.layout)
    kept = filled.clone()
    if refused:
        kept = kept.scatter([r.row - row for r in refused], False)
    if texts:
        lines = lines.scatter(list(texts), list(texts.values()))
    good = lines.filter(kept)
    frame = _text_frame(good, plan)
    columns, odd = _typed(frame, plan)
    return Piece(start, end, row, len(lines), columns, numbers.filter(kept).alias("origin_row"), tuple(refused), odd)


def _quoted_line(layout: TextLayout) -> str:
    """The pattern of a line of the right width whose quotes stand around whole fields."""
    separator = re.escape(layout.separator)
    field = rf'(?:[^"{separator}\x00]*|"(?:[^"\x00]|"")*")'
    return rf"^{field}(?:{separator}{field}){{{layout.width - 1}}}$"


def _cut_lines(
    lines: pl.Series, numbers: pl.Series, mask: pl.Series, layout: TextLayout
) -> tuple[dict[int, str], list[RefusedRow]]:
    """Odd lines by their position: written anew with quotes around every field, or refused."""
    again: dict[int, str] = {}
    refused: list[RefusedRow] = []
    for at in mask.arg_true():
        line, fields = lines[at], split_fields(lines[at], layout.separator)
        reason = "nul_byte" if "\0" in line else "unreadable_quotes" if fields is None else ""
        if fields is None or reason or len(fields) != layout.width:
            refused.append(RefusedRow(numbers[at], reason or "ragged_row", line))
        else:
            again[at] = layout.separator.join('"' + f.replace('"', '""') + '"' for f in fields)
    return again, refused


def _text_frame(lines: pl.Series, plan: TextPlan) -> pl.DataFrame:
    """Regular lines as columns of stripped text; null where a text means "missing"."""
    types = dict.fromkeys(plan.positions, pa.string())
    if lines.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(plan.positions, pl.String))
    text = "\n".join(lines.to_list()).encode()
    frame = _parse(pa.py_buffer(text), plan, types, quotes=True)
    assert frame is not None, "regular lines are of one width"
    assert frame.height == len(lines), "no line holds a line break"
    frame = frame.with_columns(pl.all().str.strip_chars())
    return _without_nulls(frame, plan.nulls)


def _typed(frame: pl.DataFrame, plan: TextPlan) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Text columns → the types of the plan, and the texts that do not fit."""
    columns: list[pl.Series] = []
    odd: dict[str, pl.Series] = {}
    for role, wanted in plan.types.items():
        text = frame[role]
        values = text if wanted == pa.string() else _numbers(text) if wanted == pa.float64() else _times(text, wanted)
        columns.append(values.alias(role))
        unfit = text.is_not_null() & values.is_null()
        if unfit.any():
            odd[role] = pl.select(pl.when(unfit).then(text)).to_series().alias(role)
    return pl.DataFrame(columns), odd


def _numbers(text: pl.Series) -> pl.Series:
    return text.cast(pl.Float64, strict=False)


def _times(text: pl.Series, wanted: Any) -> pl.Series:
    """ISO times of the shape that the rest of the column has; null where a text has another."""
    is_date, zone = wanted == pa.date32(), getattr(wanted, "tz", None)
    formats = ("%Y-%m-%d",) if is_date else tuple(f + ("%z" if zone else "") for f in _ISO_FORMATS)
    label, valid = np.zeros(len(text), dtype=np.int64), np.zeros(len(text), dtype=bool)
    for parsed in (parse_times(text, f) for f in formats):
        mine: Bools = parsed.valid & ~valid
        shift = 0 if parsed.offset_us is None else parsed.offset_us
        label, valid = np.where(mine, parsed.label_us - shift, label), valid | mine
    moments = pl.Series(label).cast(pl.Datetime("us", zone))
    values = pl.select(pl.when(pl.Series(valid)).then(moments)).to_series()
    return values.cast(pl.Date) if is_date else values
