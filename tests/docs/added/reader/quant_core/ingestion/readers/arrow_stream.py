"""Arrow IPC streams.

Put here: the reader ``arrow_stream``.
Keep out: Arrow files with a footer (feather_file.py), what all typed tables share (_arrow.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quant_core.ingestion.archives import Member
from quant_core.ingestion.arrow_library import pa
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.limits import Budget
from quant_core.ingestion.readers._arrow import load_table, open_table, preview_table
from quant_core.ingestion.readers.contract import Preview, Reader, Sheet


def _read_stream(member: Member, budget: Budget) -> Any:
    """Read batch by batch, within what the file may take."""
    stream = pa.ipc.open_stream(pa.BufferReader(member.data))
    batches: list[Any] = []
    for batch in stream:
        budget.take(batch.nbytes, member.origin)
        batches.append(batch)
    return pa.Table.from_batches(batches, stream.schema)


@dataclass(frozen=True)
class ArrowStream(Reader):
    r"""An Arrow IPC stream, recognized by the mark before its first message. ``origin_row`` is the 1-based row.

    Look-ahead: none. Missing: null and empty text are null; NaN stays NaN.

    >>> ArrowStream().recognizes(b"\xff\xff\xff\xff\x10"), ArrowStream().recognizes(b"ARROW1")
    (True, False)
    """

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".arrows",)

    def recognizes(self, head: bytes) -> bool:
        return head[:4] == b"\xff\xff\xff\xff"

    def preview(self, member: Member, dialect: Dialect) -> Preview:
        return preview_table(open_table(member, "Arrow stream", dialect, _read_stream))

    def load(self, member: Member, preview: Preview, roles: Mapping[int, str], dialect: Dialect) -> Sheet:
        del member, dialect
        return load_table(preview, roles)
