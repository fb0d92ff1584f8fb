"""The stage bars: cleans the raw rows at their native timeframe and resamples them to the partition's.

Put here: the calls of the core, the tables made, and what people see of a partition.
Keep out: rules of quality (quant_core.quality) and of resampling (quant_core.bars.resample).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from quant_core.bars.coverage import gaps, monthly_coverage
from quant_core.bars.resample import Resampled, resample
from quant_core.calendars import calendar_of
from quant_core.quality import Cleaned, clean
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe
from quant_pipelines.plots import coverage_heat_map, markdown_entry, price_chart, quality_counts

# What of the stored deliveries is read back decides the rows: its code counts as this stage's.
from quant_pipelines.raw.raw_store import RawRows
from quant_pipelines.stages.metadata import entry, table_value
from quant_pipelines.stages.stage import Made, Stage

if TYPE_CHECKING:
    import dagster as dg

    from quant_core.spec import ResearchSpec
    from quant_pipelines.stages.key_tables import KeyTables
    from quant_pipelines.stages.reader import Reader

_SHOWN_ROWS = 12


def make(read: Reader, _settings: ResearchSpec, _config: object) -> Made:
    """Clean and resample one partition; ``quality``, ``quarantine`` and ``coverage`` are made beside it."""
    native, key = read.native, read.partition
    cleaned = _clean(read)
    report = cleaned.report
    bars, quality, quarantine = cleaned.bars, report.table, cleaned.quarantine
    if key != native:  # what was found in source rows is told once, beside the bars they became
        made = resample(bars, Timeframe(key.timeframe))
        bars, quality, quarantine = made.bars, _resampling_counts(made), quarantine.clear()
    counted = quality.filter(pl.col("n_rows") > 0).select("check", "n_rows")
    return Made(
        {
            "bars": bars.frame,
            "quarantine": quarantine,
            "quality": quality,
            "coverage": monthly_coverage(bars),
        },
        {
            "n_rows_in": report.n_rows_in,
            "n_rows_kept": report.n_kept,
            "n_rows_dropped": report.n_dropped,
            "n_rows_quarantined": report.n_quarantined,
            "n_rows_unreadable": report.n_unreadable,
            "native_timeframe": native.timeframe,
            "calendar": read.manifest.instrument.calendar,
            "quality": dict(counted.iter_rows()),
        },
    )


def _resampling_counts(made: Resampled) -> pl.DataFrame:
    """What resampling counted, as lines of the quality table."""
    lines = [
        ("resampled.partial", "flagged", made.n_partial, "Made from fewer bars than the calendar expects; kept."),
        (
            "resampled.unfinished",
            "dropped",
            made.n_dropped_unfinished,
            "Ends after the last source bar; not published.",
        ),
        ("resampled.off_session", "flagged", made.n_off_session, "Source bars outside sessions; kept in their bar."),
    ]
    return pl.DataFrame(
        [
            {"check": check, "severity": severity, "n_rows": n, "example": "", "explanation": explanation}
            for check, severity, n, explanation in lines
        ],
        schema=TABLES["quality"].schema,
    )


def _clean(read: Reader) -> Cleaned:
    """Clean the native rows; kept for the symbol's other timeframes, which follow in the same run."""
    native, manifest = read.native, read.manifest
    identity = (native, manifest.data_version())
    kept = read.memo.get("cleaned")
    if kept is None or kept[0] != identity:
        raw: RawRows = read.raw()
        cleaned = clean(
            raw.rows,
            symbol=native.symbol,
            timeframe=Timeframe(native.timeframe),
            calendar=calendar_of(manifest.instrument.calendar),
            now=raw.now,
            rules=manifest.instrument.rules,
            unreadable=raw.quarantine,
            n_withdrawn=raw.n_withdrawn,
        )
        kept = (identity, cleaned)
        read.memo["cleaned"] = kept
    return kept[1]


def view(tables: KeyTables) -> Mapping[str, dg.MetadataValue[Any]]:
    """Price chart with gaps, coverage by month, the last bars, and what the quality checks found."""
    bars, quality = tables.bars(), tables.rows("quality")
    missing = gaps(bars)
    names = {"symbol": tables.partition.symbol, "timeframe": tables.partition.timeframe}
    coverage = tables.rows("coverage").with_columns(**{k: pl.lit(v) for k, v in names.items()})
    title = f"{names['symbol']} {names['timeframe']}: what the quality checks found"
    entries = {
        "price_chart": markdown_entry(
            price_chart(bars.frame, missing, symbol=names["symbol"], timeframe=names["timeframe"]), "close with gaps"
        ),
        "coverage_by_month": markdown_entry(coverage_heat_map(coverage), "share of expected bars by month"),
        "last_bars": table_value(bars.frame.tail(_SHOWN_ROWS), TABLES["bars"].units),
        "n_gaps": entry(missing.height),
        "quality_chart": markdown_entry(quality_counts(quality, title=title), "quality counts"),
        "quality_findings": table_value(quality.filter(pl.col("n_rows") > 0), TABLES["quality"].units),
    }
    if missing.height:
        longest = missing.sort("n_missing", descending=True).head(_SHOWN_ROWS)
        entries["longest_gaps"] = table_value(longest, {"start": "UTC", "end": "UTC", "n_missing": "bars"})
    return entries


VIEW = view
STAGE = Stage(
    name="bars",
    description=(
        "Cleaned bars: native where the source has the timeframe, else resampled from the finest native one below. "
        "Refused rows are in `quarantine`, counts in `quality`, bars per month against the calendar in `coverage`."
    ),
    table=TABLES["bars"],
    reads=("raw_rows",),
    beside=("quality", "quarantine", "coverage"),
    group="ingest",
    make=make,
)
