"""Parquet files.

Put here: the reader ``parquet_file``.
Keep out: what all typed tables share (_arrow.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quant_core.ingestion.archives import Member
from quant_core.ingestion.arrow_library import pa, pa_parquet
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.limits import Budget
from quant_core.ingestion.readers._arrow import CELL_BYTES, is_text, load_table, open_table, preview_table
from quant_core.ingestion.readers.contract import Preview, Reader, Sheet

_DELTA_TEXTS = "DELTA_BYTE_ARRAY"
_STEP_BYTES, _STEP_ROWS = 64 << 20, 65_536


def _read_parquet(member: Member, budget: Budget) -> Any:
    """Read the plain columns of a table that stays within the budget.

    The sizes that the file states are those of encoded values, and an encoding can hold a million equal rows in a few
    bytes. Numbers have a known width. Texts are read as dictionaries, which hold each text once, and become plain only
    after their rows have been counted.
    """
    source = pa.BufferReader(member.data)
    file = pa_parquet.ParquetFile(source)
    plain = [field for field in file.schema_arrow if not pa.types.is_nested(field.type)]
    budget.take(_stated_bytes(file.metadata), member.origin)
    _count_delta_texts(file, budget, member.origin)
    texts = [field.name for field in plain if is_text(field.type)]
    again = pa_parquet.ParquetFile(pa.BufferReader(member.data), read_dictionary=texts)
    return again.read(columns=[field.name for field in plain] if len(plain) < len(file.schema_arrow) else None)


def _stated_bytes(metadata: Any) -> int:
    """Bytes of all values as the file states them: encoded, and as plain numbers or places in a dictionary."""
    widths = [max(CELL_BYTES, metadata.schema.column(i).length) for i in range(metadata.num_columns)]
    n_bytes = 0
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        columns = [group.column(j) for j in range(group.num_columns)]
        n_bytes += sum(max(c.total_uncompressed_size, c.num_values * w) for c, w in zip(columns, widths, strict=True))
    return max(n_bytes, metadata.num_rows * metadata.num_columns * CELL_BYTES)


def _count_delta_texts(file: Any, budget: Budget, origin: str) -> None:
    """Refuse texts of a few bytes each that repeat the begin of the text before them, in steps of bounded size."""
    names = file.schema_arrow.names
    for i in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(i)
        for column in map(group.column, range(group.num_columns)):
            if _DELTA_TEXTS not in column.encodings or column.path_in_schema not in names:
                continue
            rows = min(_STEP_ROWS, max(1, _STEP_BYTES // max(1, column.total_uncompressed_size)))
            n_bytes = 0
            for batch in file.iter_batches(rows, row_groups=[i], columns=[column.path_in_schema], use_threads=False):
                n_bytes += batch.nbytes
                if n_bytes > budget.left:
                    budget.take(n_bytes, origin)


@dataclass(frozen=True)
class ParquetFile(Reader):
    """A Parquet file, recognized by its magic bytes. ``origin_row`` is the 1-based row.

    Look-ahead: none. Missing: null and empty text are null; NaN stays NaN.

    >>> ParquetFile().recognizes(b"PAR1...."), ParquetFile().recognizes(b"date,")
    (True, False)
    """

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".parquet", ".pq")

    def recognizes(self, head: bytes) -> bool:
        return head[:4] == b"PAR1"

    def preview(self, member: Member, dialect: Dialect) -> Preview:
        return preview_table(open_table(member, "Parquet", dialect, _read_parquet))

    def load(self, member: Member, preview: Preview, roles: Mapping[int, str], dialect: Dialect) -> Sheet:
        del member, dialect
        return load_table(preview, roles)
