"""Typed tables: what the readers of binary columnar formats share.

Put here: an Arrow table → preview and sheet.
Keep out: opening one particular format (its own file).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.archives import Member
from quant_core.ingestion.arrow_library import pa
from quant_core.ingestion.readers.contract import SAMPLE_ROWS, Preview, Sheet, rows_as_text


def open_table(member: Member, kind: str, read: Callable[[Any], Any]) -> pl.DataFrame:
    """Decode and check a columnar file; nested columns are dropped, dictionaries become plain.

    Raises:
        RefusedInputError: the bytes are not a sound file of the format.
    """
    try:
        table = read(pa.BufferReader(member.data))
        table.validate(full=True)
        flat = [i for i, field in enumerate(table.schema) if not pa.types.is_nested(field.type)]
        return pl.DataFrame(pl.from_arrow(table.select(flat)))
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        MemoryError,
        OverflowError,
        pl.exceptions.PolarsError,
    ) as error:
        raise RefusedInputError.at(
            member.origin,
            reason=f"not a readable {kind} file ({str(error)[:200]})",
            fix="write the file again, or declare format: delimited_text | json_rows | parquet_file | feather_file",
        ) from error


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
