"""Delimited text: CSV and its relatives, read in bulk where the lines are regular and line by line where not.

Put here: the reader ``delimited_text``.
Keep out: detection of the layout (text_layout.py) and the meaning of columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from quant_core.ingestion.archives import Member
from quant_core.ingestion.arrow_library import pa, pa_csv
from quant_core.ingestion.columns import NUMBER_ROLES, TIME_ROLES
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.field_kinds import NULL_VALUES
from quant_core.ingestion.readers.contract import Preview, Reader, RefusedRow, Sheet
from quant_core.ingestion.text_layout import TextLayout, decode, detect_layout, split_fields
from quant_core.ingestion.time_formats import iso_type


@dataclass(frozen=True)
class DelimitedText(Reader):
    """Lines of fields. ``origin_row`` is the 1-based line of the file.

    Regular files go through Arrow's CSV parser with declared column types. A file that this parser refuses
    (ragged rows, quotes, a field of the wrong type) is read again line by line, so that only the bad rows
    are refused. Blank lines are no rows. A quoted line break is not supported: its parts are refused.

    Look-ahead: none. Missing: the null texts of the dialect become null.

    >>> DelimitedText().canonical, DelimitedText().recognizes(b"PAR1")
    ('delimited_text', False)
    """

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".csv", ".txt", ".tsv", ".prn", ".asc")

    def recognizes(self, head: bytes) -> bool:
        return False

    def preview(self, member: Member, dialect: Dialect) -> Preview:
        data, encoding = decode(member.data, member.origin, dialect.encoding)
        layout = detect_layout(data, member.origin, dialect)
        resolved = {
            "encoding": encoding,
            "separator": layout.separator,
            "header": list(layout.names) if layout.names is not None else False,
            "first_row": layout.first_row,
        }
        return Preview(layout.names, layout.sample, layout.first_row, resolved, (data, layout))

    def load(self, member: Member, preview: Preview, roles: Mapping[int, str], dialect: Dialect) -> Sheet:
        data, layout = preview.payload
        sheet = None if _is_irregular(layout, dialect) else _read_bulk(data, layout, roles, dialect)
        return sheet or _read_lines(data, layout, roles, dialect)


def _is_irregular(layout: TextLayout, dialect: Dialect) -> bool:
    """True when the bulk parser cannot read the dialect."""
    return layout.has_quotes or dialect.decimal == "," or bool(dialect.thousands) or not layout.separator.isascii()


def _read_bulk(data: bytes, layout: TextLayout, roles: Mapping[int, str], dialect: Dialect) -> Sheet | None:
    """Read with Arrow's parser; None when a row or a field does not fit."""
    names = [roles.get(i, f"_{i}") for i in range(layout.width)]
    types: dict[str, Any] = {role: _arrow_type(role, i, layout) for i, role in roles.items()}
    nulls = dialect.null_values if dialect.null_values is not None else list(NULL_VALUES)
    try:
        table: Any = pa_csv.read_csv(
            pa.BufferReader(data),
            read_options=pa_csv.ReadOptions(column_names=names, skip_rows=layout.first_row - 1, block_size=1 << 22),
            parse_options=pa_csv.ParseOptions(delimiter=layout.separator, quote_char=False, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=types,
                include_columns=list(roles.values()),
                null_values=nulls,
                strings_can_be_null=True,
                timestamp_parsers=[pa_csv.ISO8601],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    frame = pl.DataFrame(pl.from_arrow(table))
    texts = [c for c, t in frame.schema.items() if t == pl.String]
    if texts and frame.select(pl.any_horizontal(pl.col(texts).str.contains_any(['"', "\0"]).any())).item():
        return None
    origin_row = pl.int_range(layout.first_row, layout.first_row + frame.height, dtype=pl.Int64, eager=True)
    return Sheet(frame, origin_row.alias("origin_row"), _text_by_line(data, layout.first_row))


def _arrow_type(role: str, position: int, layout: TextLayout) -> Any:
    """Number, time where the sample is plain ISO, else text."""
    if role in NUMBER_ROLES:
        return pa.float64()
    iso: Any = iso_type([row[position] for row in layout.sample]) if role in TIME_ROLES else None
    return iso or pa.string()


def _text_by_line(data: bytes, first_row: int) -> Callable[[Sequence[int]], list[str]]:
    """Original lines by frame position, cut from the bytes only when asked for."""

    def text_of(positions: Sequence[int]) -> list[str]:
        lines = _lines(data)
        return lines.gather([first_row - 1 + p for p in positions]).to_list()

    return text_of


def _lines(data: bytes) -> pl.Series:
    """Every line of the text, without line ends; a final line end opens no further line."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data and not data.endswith(b"\n"):
        data += b"\n"
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")) + 1
    offsets = np.concatenate(([0], ends)).astype(np.int64)
    array: Any = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    return pl.Series(pl.from_arrow(array)).str.strip_suffix("\n").alias("line")


def _read_lines(data: bytes, layout: TextLayout, roles: Mapping[int, str], dialect: Dialect) -> Sheet:
    """Read line by line; rows that cannot be cut into ``width`` fields are refused."""
    lines = _lines(data)
    table = pl.DataFrame({"row": pl.int_range(1, len(lines) + 1, dtype=pl.Int64, eager=True), "line": lines})
    table = table.filter((pl.col("row") >= layout.first_row) & (pl.col("line").str.strip_chars() != ""))
    quoted = pl.col("line").str.contains('"', literal=True)
    simple = table.filter(~quoted).with_columns(fields=pl.col("line").str.split(layout.separator))
    cut = table.filter(quoted)
    by_csv = [split_fields(line, layout.separator) for line in cut["line"]]
    fields = pl.Series("fields", by_csv, dtype=pl.List(pl.String))
    table = pl.concat([simple, cut.with_columns(fields)]).sort("row")
    nul = pl.col("line").str.contains("\0", literal=True)
    reason = (
        pl.when(nul)
        .then(pl.lit("nul_byte"))
        .when(pl.col("fields").is_null())
        .then(pl.lit("unreadable_quotes"))
        .when(pl.col("fields").list.len() != layout.width)
        .then(pl.lit("ragged_row"))
    )
    table = table.with_columns(reason=reason)
    bad = table.filter(pl.col("reason").is_not_null())
    refused = [RefusedRow(*r) for r in bad.select("row", "reason", "line").iter_rows()]
    good = table.filter(pl.col("reason").is_null())
    nulls = dialect.null_values if dialect.null_values is not None else list(NULL_VALUES)
    frame = good.select(pl.col("fields").list.get(i).str.strip_chars().alias(role) for i, role in roles.items())
    frame = frame.with_columns(pl.when(~pl.all().is_in(nulls)).then(pl.all()))
    kept = good["line"]
    return Sheet(frame, good["row"].alias("origin_row"), lambda at: kept.gather(list(at)).to_list(), refused)
