"""Inspection: what sources would deliver and what cleaning would make of it, seen before anything is stored.

Put here: the walk from a source to bars and counts, in a lake that lives only as long as the look.
Keep out: showing (cli/), reading and cleaning themselves (quant_core), which files there are (sources/).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import polars as pl

from quant_core.bars import Bars
from quant_core.bars.resample import resample
from quant_core.calendars import calendar_of
from quant_core.ingestion.traits import Trait, feed_entry, traits_of
from quant_core.quality import Cleaned, clean
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.manifest_entries import DeliveryRecord
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources.contract import Instrument, Source

BAR_COLUMNS = ("ts", "ts_close", "open", "high", "low", "close", "volume", "session_date")


@dataclass(frozen=True)
class InspectedSeries:
    """One series as a run would store it.

    ``n_rows_in = n_bars + dropped + quarantined``, where a series is as delivered; made of finer bars, all counts
    but those of resampling are with the series it is made from.

    Attributes:
        calendar: id of the calendar its bars lie on.
        origins: the files or tables it came from, in order of delivery.
        traits: how the first of them was understood.
        declared: the keys declared for it.
        n_rows_in: rows delivered for it.
        n_known: rows delivered more than once over its files; they are not counted again in ``n_rows_in``.
        quarantined: reason → rows, both refused while reading and by cleaning.
        unreadable: the part of ``quarantined`` that was refused while reading.
        dropped, flags: check → rows.
        gaps: the largest gaps in words, "" without any.
        made_from: timeframe of the finer series it is made from, "" where it was delivered.
    """

    bars: Bars
    calendar: str
    origins: tuple[str, ...]
    traits: tuple[Trait, ...]
    declared: dict[str, Any]
    n_rows_in: int
    n_known: int
    quarantined: dict[str, int]
    unreadable: dict[str, int]
    dropped: dict[str, int]
    flags: dict[str, int]
    gaps: str = ""
    made_from: str = ""

    def entry(self) -> str:
        """The ready entry of sources.yaml for its first file, "" where it was made from finer bars."""
        if self.made_from:
            return ""
        return feed_entry(self.origins[0], self.traits, self.bars.timeframe.value, self.declared)

    @staticmethod
    def empty_table() -> pl.DataFrame:
        """The columns of ``table`` without rows."""
        columns = {name: TABLES["bars"].schema[name] for name in BAR_COLUMNS}
        return pl.DataFrame(schema={"symbol": pl.String, "timeframe": pl.String, **columns})

    def table(self) -> pl.DataFrame:
        """Its bars with symbol and timeframe in front."""
        names = [pl.lit(self.bars.symbol).alias("symbol"), pl.lit(self.bars.timeframe.value).alias("timeframe")]
        return self.bars.frame.select(*names, *BAR_COLUMNS)


def inspect_source(
    source: Source, coarser: Sequence[Timeframe] = (), only: Set[PartitionKey] | None = None
) -> Iterator[InspectedSeries]:
    """Read everything a source delivers, exactly as a run would, and store nothing.

    Args:
        source: where rows come from; its clock is the moment of the snapshot.
        coarser: timeframes to make from every series that is finer and not delivered at them.
        only: symbols with their native timeframes; None for everything that the source offers.

    Raises:
        SourceError: the source could not be reached.
    """
    offered = source.instruments()
    instruments = [i for i in offered if only is None or PartitionKey(i.symbol, i.timeframe.value) in only]
    delivered = {(i.symbol, i.timeframe) for i in instruments}
    finest = {symbol: min(t for s, t in delivered if s == symbol) for symbol, _ in delivered}
    with tempfile.TemporaryDirectory(prefix="inspect") as folder:
        store = RawStore(Lake(folder))
        for instrument in instruments:
            series = _inspect(store, source, instrument)
            yield series
            wanted = [t for t in coarser if t > instrument.timeframe and (instrument.symbol, t) not in delivered]
            if instrument.timeframe == finest[instrument.symbol]:
                yield from (_made_of(series, timeframe) for timeframe in wanted)


def _inspect(store: RawStore, source: Source, instrument: Instrument) -> InspectedSeries:
    """Ingest and clean one series."""
    manifest = store.ingest(source, instrument)
    raw_key = PartitionKey(instrument.symbol, instrument.timeframe.value)
    raw = store.read(raw_key)
    cleaned = clean(
        raw.rows,
        symbol=instrument.symbol,
        timeframe=instrument.timeframe,
        calendar=calendar_of(manifest.instrument.calendar),
        now=raw.now,
        rules=manifest.instrument.rules,
        unreadable=raw.quarantine,
        n_withdrawn=raw.n_withdrawn,
    )
    return _series(cleaned, manifest, store.deliveries(raw_key))


def _series(cleaned: Cleaned, manifest: Manifest, deliveries: Sequence[DeliveryRecord]) -> InspectedSeries:
    """The counts of one series as delivered."""
    first = deliveries[0].details
    lines = cleaned.report.table.filter(pl.col("n_rows") > 0)
    by_severity = {
        severity: dict(lines.filter(pl.col("severity") == severity).select("check", "n_rows").iter_rows())
        for severity in ("unreadable", "dropped", "flagged")
    }
    declared: dict[str, Any] = first.get("declared", {})
    return InspectedSeries(
        bars=cleaned.bars,
        calendar=manifest.instrument.calendar,
        origins=tuple(d.origin for d in deliveries),
        traits=tuple(traits_of(first, declared)),
        declared=declared,
        n_rows_in=cleaned.report.n_rows_in,
        n_known=manifest.totals.n_known + manifest.totals.n_quarantined_known,
        quarantined=dict(cleaned.quarantine.group_by("reason").len().sort("reason").iter_rows()),
        unreadable=by_severity["unreadable"],
        dropped=by_severity["dropped"],
        flags=by_severity["flagged"],
        gaps=next(iter(lines.filter(pl.col("check") == "gap")["example"]), ""),
    )


def _made_of(series: InspectedSeries, timeframe: Timeframe) -> InspectedSeries:
    """A coarser series made from a delivered one."""
    made = resample(series.bars, timeframe)
    counts = {"resampled.partial": made.n_partial, "resampled.off_session": made.n_off_session}
    return InspectedSeries(
        bars=made.bars,
        calendar=series.calendar,
        origins=series.origins,
        traits=(),
        declared={},
        n_rows_in=len(series.bars),
        n_known=0,
        quarantined={},
        unreadable={},
        dropped={"resampled.unfinished": made.n_dropped_unfinished} if made.n_dropped_unfinished else {},
        flags={check: n for check, n in counts.items() if n},
        made_from=series.bars.timeframe.value,
    )
