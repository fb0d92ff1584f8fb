"""The stage seasonality_profiles: what every calendar bin looks like, and whether it lasts from year to year.

Put here: loading, the calls of the core, writing.
Keep out: calendar bins, metrics, tests and verdicts (quant_core).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from quant_core.bars import Bars
from quant_core.seasonality import SeasonalityProfileSpec, compute_seasonality, compute_stability
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.code_version import core_code_version
from quant_pipelines.lake.lake import Facts
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.published_bars import check_scope, load_bars
from quant_pipelines.stages.stage import Outcome, Stage, StageInputs


def make(inputs: StageInputs, key: PartitionKey) -> Outcome:
    """Profile every dimension and metric of the spec over the partition's bars."""
    spec, loaded = inputs.research, load_bars(inputs.lake, key)
    check_scope(spec.data, key)
    profile = spec.seasonality.profile_at(Timeframe(key.timeframe))
    facts = Facts(loaded.provenance, core_code_version(), spec.section_id("seasonality"), calendar=loaded.calendar)
    written = inputs.publish(
        "seasonality_profiles",
        key,
        facts,
        lambda: _tables(loaded.bars(spec.data.start, spec.data.end), profile, spec.compute.n_threads),
        beside=STAGE.beside,
    )
    dimensions = [d.canonical for d in profile.resolved_dimensions()]
    return Outcome(written, {"spec_id": spec.spec_id, "dimensions": dimensions, "beside": "seasonality_stability"})


def _tables(bars: Bars, profile: SeasonalityProfileSpec, n_threads: int) -> Mapping[str, pl.DataFrame]:
    """The profile over all bars, and the profile of each year and half."""
    return {
        "seasonality_profiles": compute_seasonality(bars, profile, n_threads=n_threads),
        "seasonality_stability": compute_stability(bars, profile, n_threads=n_threads),
    }


STAGE = Stage(
    name="seasonality_profiles",
    description=(
        "Calendar bins x metrics over all bars: value, interval with the effective sample size, baseline over the bars "
        "outside the bin, p and q value, verdict, and whether a bin found on the earlier half holds on the later one. "
        "Table `seasonality_stability` beside it has the same per year and half."
    ),
    upstream=("bars",),
    table=TABLES["seasonality_profiles"],
    group="research",
    kinds=frozenset({"parquet", "polars"}),
    make=make,
    beside=("seasonality_stability",),
)
