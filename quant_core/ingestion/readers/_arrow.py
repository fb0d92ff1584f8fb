"""Typed tables: what the readers of binary columnar formats share.

Put here: an Arrow table → preview and sheet.
Keep out: opening one particular format (its own file).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.archives import Member
from quant_core.ingestion.arrow_library import pa
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.limits import ROW_BYTES, Budget
from quant_core.ingestion.readers._arrow_times import with_possible_times
from quant_core.ingestion.readers.contract import SAMPLE_ROWS, Preview, Sheet, rows_as_text

CELL_BYTES = 8
"""Of a plain number or time in one row."""


def open_table(member: Member, kind: str, dialect: Dialect, read: Callable[[Member, Budget], Any]) -> pl.DataFrame:
    """Decode and check a columnar file; nested columns are dropped, dictionaries become plain, impossible times null.

    Args:
        member: the file.
        kind: what people call the format.
        dialect: for the limit.
        read: (file, budget) → Arrow table; takes from the budget what the table will need before it makes it.

    Raises:
        RefusedInputError: the bytes are not a sound file of the format, or they unpack to more than they may.
    """
    budget = member.budget_for(dialect)
    try:
        table = read(member, budget)
        table.validate(full=True)
        flat = [i for i, field in enumerate(table.schema) if not pa.types.is_nested(field.type)]
        table = table.select(flat)
        budget.take(sum(_text_bytes(column) for column in table.columns), member.origin)
        budget.take_rows(table.num_rows * ROW_BYTES, f"its {table.num_rows} rows", member.origin)
        return pl.DataFrame(pl.from_arrow(with_possible_times(_without_dictionaries(table))))
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        MemoryError,
        OverflowError,
        struct.error,
        pl.exceptions.PolarsError,
    ) as error:
        raise RefusedInputError.at(
            member.origin,
            reason=f"not a readable {kind} file ({str(error)[:200]})",
            fix="write the file again, or declare format: delimited_text | json_rows | parquet_file | feather_file",
        ) from error


def _text_bytes(column: Any) -> int:
    """Bytes of a column's texts once each row has its own: one text may stand for any number of rows."""
    if not pa.types.is_dictionary(column.type):
        return int(_lengths(column).sum()) if is_text(column.type) else 0
    if not is_text(column.type.value_type):
        return 0
    n_bytes = 0
    for chunk in column.chunks:
        rows = pl.Series(pl.from_arrow(chunk.indices)).drop_nulls().value_counts(name="n_rows")
        lengths = _lengths(chunk.dictionary).gather(rows.to_series(0).cast(pl.Int64)).fill_null(0)
        n_bytes += int((lengths * rows["n_rows"].cast(pl.UInt64)).sum())
    return n_bytes


def _without_dictionaries(table: Any) -> Any:
    """Plain columns: a process remembers the entries of every dictionary that it turns into categories."""
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(_wide(field.type.value_type)))
    return table


def _wide(kind: Any) -> Any:
    """The type for texts of more than 2 GiB in all; others unchanged."""
    return pa.large_string() if pa.types.is_string(kind) else pa.large_binary() if pa.types.is_binary(kind) else kind


def is_text(kind: Any) -> bool:
    """True for Arrow types whose values have a length of their own."""
    is_kind = pa.types
    return any(
        test(kind)
        for test in (
            *(is_kind.is_string, is_kind.is_large_string, is_kind.is_string_view),
            *(is_kind.is_binary, is_kind.is_large_binary, is_kind.is_binary_view),
        )
    )


def _lengths(texts: Any) -> pl.Series:
    """Bytes of every text."""
    values = pl.Series(pl.from_arrow(texts))
    lengths = values.str.len_bytes() if values.dtype == pl.String else values.bin.size()
    return lengths.cast(pl.UInt64)


def preview_table(frame: pl.DataFrame) -> Preview:
    """Names and the first rows as text; a stored data-frame index is a column like any other."""
    texts = frame.head(SAMPLE_ROWS).select(pl.all().cast(pl.String, strict=False).fill_null(""))
    resolved: dict[str, Any] = {"header": frame.columns, "first_row": 1}
    return Preview(tuple(frame.columns), [list(row) for row in texts.rows()], 1, resolved, frame)


def load_table(preview: Preview, roles: Mapping[int, str]) -> Sheet:
    """The wanted columns with their own types; text columns are trimmed and empty text is missing."""
    frame: pl.DataFrame = preview.payload
    wanted = frame.select(frame.to_series(i).alias(role) for i, role in roles.items())
    texts = pl.col(pl.String, pl.Categorical, pl.Enum).cast(pl.String).str.strip_chars()
    wanted = wanted.with_columns(texts).with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))
    rows = pl.int_range(1, wanted.height + 1, dtype=pl.Int64, eager=True).alias("origin_row")
    return Sheet(wanted, rows, rows_as_text(wanted))
