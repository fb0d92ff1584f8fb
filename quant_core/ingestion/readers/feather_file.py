"""Feather (Arrow IPC) files.

Put here: the reader ``feather_file``.
Keep out: what all typed tables share (_arrow.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quant_core.ingestion.archives import Member
from quant_core.ingestion.arrow_library import pa
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.limits import Budget
from quant_core.ingestion.readers._arrow import CELL_BYTES, load_table, open_table, preview_table
from quant_core.ingestion.readers._ipc_sizes import ipc_sizes
from quant_core.ingestion.readers.contract import Preview, Reader, Sheet


def _read_ipc(member: Member, budget: Budget) -> Any:
    """Read a table whose buffers stay within the budget; compressed ones say how large they are."""
    n_rows = n_bytes = 0
    for rows, size in ipc_sizes(member.data):
        n_rows, n_bytes = n_rows + rows, n_bytes + size
    file = pa.ipc.open_file(pa.BufferReader(member.data))
    budget.take(max(n_bytes, n_rows * len(file.schema) * CELL_BYTES), member.origin)
    return file.read_all()


@dataclass(frozen=True)
class FeatherFile(Reader):
    r"""A Feather version 2 file (Arrow IPC), recognized by its magic bytes. ``origin_row`` is the 1-based row.

    Look-ahead: none. Missing: null and empty text are null; NaN stays NaN.

    >>> FeatherFile().recognizes(b"ARROW1\0\0"), FeatherFile().recognizes(b"FEA1")
    (True, False)
    """

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".feather", ".arrow", ".ipc")

    def recognizes(self, head: bytes) -> bool:
        return head[:6] == b"ARROW1"

    def preview(self, member: Member, dialect: Dialect) -> Preview:
        return preview_table(open_table(member, "Feather", dialect, _read_ipc))

    def load(self, member: Member, preview: Preview, roles: Mapping[int, str], dialect: Dialect) -> Sheet:
        del member, dialect
        return load_table(preview, roles)
