"""Parquet files.

Put here: the reader ``parquet_file``.
Keep out: what all typed tables share (_arrow.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quant_core.ingestion.archives import MAX_UNPACKED_MB, Member
from quant_core.ingestion.arrow_library import pa_parquet
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.readers._arrow import load_table, open_table, preview_table
from quant_core.ingestion.readers.contract import Preview, Reader, Sheet


def _read_parquet(source: Any, limit_mb: int) -> Any:
    """Read a table whose plain size stays within the limit; run-length encoding hides billions of rows."""
    metadata = pa_parquet.read_metadata(source)
    size_mb = metadata.num_rows * metadata.num_columns * 8 >> 20
    if size_mb > limit_mb:
        raise ValueError(f"{metadata.num_rows} rows unpack to {size_mb} MiB, max_unpacked_mb is {limit_mb}")
    source.seek(0)
    return pa_parquet.read_table(source)


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
        limit_mb = dialect.max_unpacked_mb or MAX_UNPACKED_MB
        return preview_table(open_table(member, "Parquet", lambda source: _read_parquet(source, limit_mb)))

    def load(self, member: Member, preview: Preview, roles: Mapping[int, str], dialect: Dialect) -> Sheet:
        del member, dialect
        return load_table(preview, roles)
