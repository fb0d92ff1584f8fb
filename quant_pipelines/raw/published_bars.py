"""Published bars: the table ``bars`` of a partition, read back as the value the core works on.

Put here: loading of bars with their calendar and provenance.
Keep out: making them (assets/bars.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

import polars as pl

from quant_core.bars import Bars
from quant_core.calendars import calendar_of
from quant_core.errors import LakeError, NotApplicableError
from quant_core.spec import DataSpec
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake, digest
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.raw_manifest import Manifest


@dataclass(frozen=True)
class PublishedBars:
    """Bars in the lake; the rows are read when asked for.

    Attributes:
        provenance: hash of everything the rows depend on: the ``data_version`` of what is computed from them.
        calendar: id of the symbol's calendar.
    """

    lake: Lake
    key: PartitionKey
    provenance: str
    calendar: str

    def bars(self, start: date | None = None, end: date | None = None) -> Bars:
        """The bars of the sessions from start to end inclusive; None: no bound."""
        frame = self.lake.read("bars", self.key)
        if start is not None:
            frame = frame.filter(pl.col("session_date") >= start)
        if end is not None:
            frame = frame.filter(pl.col("session_date") <= end)
        return Bars(frame, self.key.symbol, Timeframe(self.key.timeframe), calendar_of(self.calendar))


def load_bars(lake: Lake, key: PartitionKey) -> PublishedBars:
    """Find the bars of a partition.

    Raises:
        LakeError: they were never materialized.
    """
    facts = lake.facts("bars", key)
    if facts is None:
        raise LakeError(
            f"Bars of {key} are not in the lake at {lake.url}: expected them to be materialized earlier. "
            "Materialize raw_bars and bars first, for example with the job ingest."
        )
    return PublishedBars(lake, key, facts.provenance, facts.calendar)


def bars_version(manifest: Manifest, native: str, key: PartitionKey) -> str:
    """The ``data_version`` of bars made from the present raw rows.

    Args:
        manifest: of the native rows.
        native: their timeframe.
        key: the partition of the bars.
    """
    return digest(json.dumps([manifest.data_version(), native, key.timeframe]).encode())


def check_scope(data: DataSpec, key: PartitionKey) -> None:
    """Refuse a partition that the spec is not about.

    Raises:
        NotApplicableError: its symbol or timeframe is not in the section data.
    """
    symbols = data.symbols
    timeframes = None if data.timeframes is None else [t.value for t in data.timeframes]
    if (symbols is not None and key.symbol not in symbols) or (
        timeframes is not None and key.timeframe not in timeframes
    ):
        raise NotApplicableError(
            f"The research spec is not about {key}: expected symbols {symbols or 'any'} and timeframes "
            f"{timeframes or 'any'} (section data). Add it there, or leave it out of the run."
        )
