"""Parquet files.

Put here: the reader ``parquet_file``.
Keep out: what all typed tables share (_arrow.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quant_core.ingestion.archives import Member
from quant_core.ingestion.arrow_library import pa_parquet
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.readers._arrow import load_table, open_table, preview_table
from quant_core.ingestion.readers._base import Preview, Reader, Sheet


def _read_parquet(source: Any) -> Any:
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
        del dialect
        return preview_table(open_table(member, "Parquet", _read_parquet))

    def load(self, member: Member, preview: Preview, roles: Mapping[int, str], dialect: Dialect) -> Sheet:
        del member, dialect
        return load_table(preview, roles)
