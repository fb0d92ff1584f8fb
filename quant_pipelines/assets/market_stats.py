"""The stage market_stats: what follows events under conditions, on train and test splits, with intervals.

Put here: the call of the core, and what people see of a partition.
Keep out: estimators, splits and verdicts (quant_core).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from quant_core.market_stats import compute_market_stats
from quant_core.tables import TABLES
from quant_pipelines.marts.questions import one_per_question
from quant_pipelines.plots import finding_intervals, finding_labels, markdown_entry
from quant_pipelines.stages.metadata import table_value
from quant_pipelines.stages.stage import Made, Stage

if TYPE_CHECKING:
    import dagster as dg

    from quant_core.spec import ResearchSpec
    from quant_pipelines.stages.key_tables import KeyTables
    from quant_pipelines.stages.reader import Reader

_COLUMNS = (
    "event", "condition", "condition_value", "target", "n", "n_eff", "p_hat", "ci_low", "ci_high", "baseline",
    "lift_freq", "p_value", "q_value", "mde", "verdict", "break_even", "net_mean_bps",
    "net_open_mean_bps", "clears_cost", "cost_side",
)  # fmt: skip


def make(read: Reader, settings: ResearchSpec, _config: object) -> Made:
    """Evaluate every event, condition and target of the spec over the partition's bars."""
    bars = read.bars(settings.data.start, settings.data.end)
    return Made({"market_stats": compute_market_stats(bars, settings.market_stats, settings.compute)})


def view(tables: KeyTables) -> Mapping[str, dg.MetadataValue[Any]]:
    """The strongest out-of-sample cells of binary targets, as a figure and as a table; counts of the verdicts."""
    rows, names = (
        tables.rows("market_stats"),
        {"symbol": tables.partition.symbol, "timeframe": tables.partition.timeframe},
    )
    pooled = rows.filter((pl.col("split") == "oos_pooled") & (pl.col("target_kind") == "binary"))
    ranked = pooled.sort("q_value", pl.col("lift_freq").abs(), descending=[False, True], nulls_last=True)
    strongest = one_per_question(ranked)
    title = f"{names['symbol']} {names['timeframe']}: strongest findings, all out-of-sample folds pooled"
    drawn = finding_labels(strongest.with_columns(**{k: pl.lit(v) for k, v in names.items()}))
    verdicts = (
        rows.group_by("split", "verdict").agg(pl.len().alias("n_cells")).sort("split", "verdict", nulls_last=True)
    )
    return {
        "strongest_findings": markdown_entry(finding_intervals(drawn, title=title), "lift with intervals"),
        "top_findings": table_value(strongest.select(_COLUMNS).head(25), TABLES["market_stats"].units),
        "verdicts": table_value(verdicts, {"split": "label", "verdict": "label", "n_cells": "count"}),
    }


VIEW = view
STAGE = Stage(
    name="market_stats",
    description=(
        "Events x conditions x targets on train and test splits: estimate, interval with the effective sample size, "
        "lift over the baseline, p and q value, verdict. Rows are computed from `bars`; the asset `features` shows the "
        "series that events and conditions are built on."
    ),
    table=TABLES["market_stats"],
    reads=("bars",),
    section="market_stats",
    make=make,
)
