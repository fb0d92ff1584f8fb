"""The stage seasonality_profiles: what every calendar bin looks like, and whether it lasts from year to year.

Put here: the calls of the core, and what people see of a partition.
Keep out: calendar bins, metrics, tests and verdicts (quant_core).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from quant_core.seasonality import compute_seasonality, compute_stability
from quant_core.seasonality.reading import headline_metric, strongest_bins
from quant_core.tables import TABLES
from quant_pipelines.plots import markdown_entry, seasonal_profile, stability_map
from quant_pipelines.stages.metadata import table_value
from quant_pipelines.stages.stage import Made, Stage

if TYPE_CHECKING:
    import dagster as dg

    from quant_core.spec import ResearchSpec
    from quant_pipelines.stages.key_tables import KeyTables
    from quant_pipelines.stages.reader import Reader

_COLUMNS = (
    "dimension", "bin", "metric_name", "reading", "n", "n_eff", "value", "tie_share", "ci_low", "ci_high", "baseline",
    "lift", "p_value", "q_value", "verdict", "stability",
)  # fmt: skip
_MAX_DRAWN_DIMENSIONS = 4


def make(read: Reader, settings: ResearchSpec, _config: object) -> Made:
    """Profile every dimension and metric of the spec over all bars, and over each year and half."""
    bars, n_threads = read.bars(settings.data.start, settings.data.end), settings.compute.n_threads
    profile = settings.seasonality.profile_at(bars.timeframe)
    return Made(
        {
            "seasonality_profiles": compute_seasonality(bars, profile, n_threads=n_threads),
            "seasonality_stability": compute_stability(bars, profile, n_threads=n_threads),
        },
        {"dimensions": [d.canonical for d in profile.resolved_dimensions()], "beside": "seasonality_stability"},
    )


def view(tables: KeyTables) -> Mapping[str, dg.MetadataValue[Any]]:
    """The headline metric by dimension, its lift year by year, and the bins that differ most from the others."""
    profile = tables.rows("seasonality_profiles").filter(pl.col("split") == "all")
    stability = tables.rows("seasonality_stability")
    metric = headline_metric(profile)
    entries: dict[str, dg.MetadataValue[Any]] = {}
    for dimension in profile["dimension"].unique(maintain_order=True).to_list()[:_MAX_DRAWN_DIMENSIONS]:
        mine = (pl.col("dimension") == dimension) & (pl.col("metric_name") == metric)
        title = f"{tables.partition.symbol} {tables.partition.timeframe}: {metric} by {dimension}"
        name = dimension.split("(")[0]
        entries[f"profile: {dimension}"] = markdown_entry(seasonal_profile(profile.filter(mine), title=title), name)
        n_eff = dict(profile.filter(mine).select("bin", "n_eff").iter_rows())
        by_year = stability_map(stability.filter(mine), title=title, n_eff=n_eff)
        entries[f"by year: {dimension}"] = markdown_entry(by_year, f"{name} years")
    strongest = strongest_bins(profile).select(_COLUMNS).head(25)
    return entries | {"top_bins": table_value(strongest, TABLES["seasonality_profiles"].units)}


VIEW = view
STAGE = Stage(
    name="seasonality_profiles",
    description=(
        "Calendar bins x metrics over all bars: value, interval with the effective sample size, baseline over the bars "
        "outside the bin, p and q value, verdict, and whether a bin found on the earlier half holds on the later one. "
        "Table `seasonality_stability` beside it has the same per year and half."
    ),
    table=TABLES["seasonality_profiles"],
    reads=("bars",),
    beside=("seasonality_stability",),
    section="seasonality",
    make=make,
)
