"""The stage bars: cleans the raw rows at their native timeframe and resamples them to the partition's.

Put here: loading, the calls of the core, and the tables written.
Keep out: rules of quality (quant_core.quality) and of resampling (quant_core.bars.resample).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from quant_core.bars.coverage import monthly_coverage
from quant_core.bars.resample import Resampled, resample
from quant_core.calendars import calendar_of
from quant_core.errors import LakeError
from quant_core.quality import Cleaned, clean
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.code_version import core_code_version
from quant_pipelines.lake.lake import Facts
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.published_bars import bars_version
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.sources.catalog import native_timeframe
from quant_pipelines.stages.stage import Outcome, Stage, StageInputs


def make(inputs: StageInputs, key: PartitionKey) -> Outcome:
    """Clean and resample one partition; ``quality``, ``quarantine`` and ``coverage`` are written beside it."""
    available = inputs.raw_store.native_timeframes(key.symbol)
    native = PartitionKey(key.symbol, native_timeframe(key, available, "the raw store").value)
    manifest = inputs.raw_store.manifest(native)
    if manifest is None:
        raise LakeError(f"Raw rows of {native} are not in the lake: expected raw_bars first. Run the job ingest.")
    facts = Facts(
        bars_version(manifest, native.timeframe, key), core_code_version(), calendar=manifest.instrument.calendar
    )
    found: dict[str, Any] = {}
    written = inputs.publish(
        "bars", key, facts, lambda: _tables(inputs, key, native, manifest, found), beside=STAGE.beside
    )
    counts = inputs.lake.read("quality", key).filter(pl.col("n_rows") > 0).select("check", "n_rows")
    found |= {"native_timeframe": native.timeframe, "calendar": facts.calendar, "quality": dict(counts.iter_rows())}
    return Outcome(written, found)


def _tables(
    inputs: StageInputs, key: PartitionKey, native: PartitionKey, manifest: Manifest, found: dict[str, Any]
) -> Mapping[str, pl.DataFrame]:
    """The rows to publish; what was counted on the way goes into ``found``."""
    cleaned = _clean(inputs, native, manifest)
    report = cleaned.report
    bars, quality = cleaned.bars, report.table
    if key != native:
        made = resample(bars, Timeframe(key.timeframe))
        bars, quality = made.bars, pl.concat([quality, _resampling_counts(made)]).sort("check")
    found |= {
        "n_rows_in": report.n_rows_in,
        "n_rows_kept": report.n_kept,
        "n_rows_dropped": report.n_dropped,
        "n_rows_quarantined": report.n_quarantined,
        "n_rows_unreadable": report.n_unreadable,
    }
    return {
        "bars": bars.frame,
        "quarantine": cleaned.quarantine,
        "quality": quality,
        "coverage": monthly_coverage(bars),
    }


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


def _clean(inputs: StageInputs, native: PartitionKey, manifest: Manifest) -> Cleaned:
    """Clean the native rows; kept for the symbol's other timeframes, which follow in the same run."""
    identity = (native, manifest.data_version())
    kept = inputs.memo.get("cleaned")
    if kept is None or kept[0] != identity:
        raw = inputs.raw_store.read(native)
        cleaned = clean(
            raw.rows,
            symbol=native.symbol,
            timeframe=Timeframe(native.timeframe),
            calendar=calendar_of(manifest.instrument.calendar),
            now=raw.now,
            rules=manifest.instrument.rules,
            unreadable=raw.quarantine,
        )
        kept = (identity, cleaned)
        inputs.memo["cleaned"] = kept
    return kept[1]


STAGE = Stage(
    name="bars",
    description=(
        "Cleaned bars: native where the source has the timeframe, else resampled from the finest native one below. "
        "Refused rows are in `quarantine`, counts in `quality`, bars per month against the calendar in `coverage`."
    ),
    upstream=("raw_bars",),
    table=TABLES["bars"],
    group="ingest",
    kinds=frozenset({"parquet", "polars"}),
    make=make,
    beside=("quality", "quarantine", "coverage"),
)
