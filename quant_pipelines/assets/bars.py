"""The stage bars: cleans the raw rows at their native timeframe and resamples them to the partition's.

Put here: loading, the calls of the core, and the tables written.
Keep out: rules of quality (quant_core.quality) and of resampling (quant_core.resample).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from quant_core.calendars import calendar_of
from quant_core.coverage import monthly_coverage
from quant_core.errors import LakeError
from quant_core.resample import resample
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe
from quant_pipelines.code_version import core_code_version
from quant_pipelines.lake import Facts, digest
from quant_pipelines.partitions import PartitionKey
from quant_pipelines.raw_manifest import Manifest
from quant_pipelines.sources.catalog import native_timeframe
from quant_pipelines.stages import Outcome, Stage, StageInputs


def make(inputs: StageInputs, key: PartitionKey) -> Outcome:
    """Clean and resample one partition; ``quality``, ``quarantine`` and ``coverage`` are written beside it."""
    available = inputs.raw_store.native_timeframes(key.symbol)
    native = PartitionKey(key.symbol, native_timeframe(key, available, "the raw store").value)
    manifest = inputs.raw_store.manifest(native)
    if manifest is None:
        raise LakeError(f"Raw rows of {native} are not in the lake: expected raw_bars first. Run the job ingest.")
    inputs_hash = digest(json.dumps([manifest.data_version(), native.timeframe, key.timeframe]).encode())
    facts = Facts(inputs_hash, core_code_version(), calendar=manifest.instrument.calendar)
    found: dict[str, Any] = {}
    written = inputs.publish("bars", key, facts, lambda: _tables(inputs, key, native, manifest, found))
    return Outcome(written, {"native_timeframe": native.timeframe, "calendar": facts.calendar, **found})


def _tables(
    inputs: StageInputs, key: PartitionKey, native: PartitionKey, manifest: Manifest, found: dict[str, Any]
) -> Mapping[str, pl.DataFrame]:
    """The rows to publish; what was counted on the way goes into ``found``."""
    cleaned, quarantine = _clean(inputs, native, manifest)
    bars = cleaned.bars
    if key != native:
        made = resample(bars, Timeframe(key.timeframe))
        bars = made.bars
        found["n_partial"], found["n_dropped_unfinished"] = made.n_partial, made.n_dropped_unfinished
    found["n_quarantined"] = quarantine.height
    return {"bars": bars.frame, "quarantine": quarantine, "coverage": monthly_coverage(bars)}


def _clean(inputs: StageInputs, native: PartitionKey, manifest: Manifest) -> tuple[Any, pl.DataFrame]:
    """Clean the native rows; kept for the symbol's other timeframes, which follow in the same run."""
    from quant_core.quality import QualityRules, clean  # noqa: PLC0415

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
            rules=QualityRules(allow_non_positive_prices=manifest.instrument.allow_non_positive_prices),
        )
        kept = (identity, cleaned, pl.concat([raw.quarantine, cleaned.quarantine]))
        inputs.memo["cleaned"] = kept
    return kept[1], kept[2]


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
)
