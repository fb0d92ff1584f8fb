"""What is counted in a world with one planted effect.

Put here: coverage of the planted cell, power, replication, and whether costs are cleared.
Keep out: worlds without effect (``_null.py``).
"""

from __future__ import annotations

import polars as pl

from quant_core.bars import Bars
from quant_core.calibration._count import counted, labelled
from quant_core.calibration._null import LEVEL
from quant_core.calibration._plan import Task
from quant_core.calibration._seasonal import count_planted_season
from quant_core.market_stats import compute_market_stats
from quant_core.worlds import Plant


def count_planted_world(task: Task, bars: Bars) -> pl.DataFrame:
    """Every measure of the planted cell in one simulation."""
    plant = task.world.plant or Plant("", "", "")
    rows = compute_market_stats(bars, task.spec).filter(
        pl.col("event") == plant.event,
        pl.col("condition") == plant.condition,
        pl.col("condition_value") == plant.condition_value,
        pl.col("split") == "train",
    )
    binary, numeric = rows.filter(target_kind="binary"), rows.filter(target_kind="numeric")
    horizons = binary["horizon_bars"].unique().sort().to_list()
    truths = {h: task.world.truth(h) for h in horizons}
    rate = pl.col("horizon_bars").replace_strict({h: t.rate for h, t in truths.items()}, return_dtype=pl.Float64)
    claimed = binary.filter(pl.col("p_value") <= LEVEL, pl.col("replicated").is_not_null())
    parts = [
        counted(binary, "coverage_planted", (pl.col("ci_low") <= rate) & (pl.col("ci_high") >= rate)),
        counted(binary, "power_p_value", (pl.col("p_value") <= LEVEL).fill_null(value=False)),
        counted(binary, "power_verdict", pl.col("verdict") == "significant"),
        counted(claimed, _replication(task), pl.col("replicated")),
    ]
    if task.world.trade_cost_bps is not None:
        parts += [
            counted(numeric, "power_gross", pl.col("mean_ci_low").fill_null(float("-inf")) > 0),
            counted(numeric, "clears_costs", pl.col("clears_cost").fill_null(value=False)),
        ]
    parts += count_planted_season(task, bars)
    lifts = {h: t.lift for h, t in truths.items()} | {0: None}
    effect = pl.col("horizon_bars").replace_strict(lifts, return_dtype=pl.Float64)
    return labelled([p for p in parts if p.height], task.world.canonical).with_columns(effect=effect)


def _replication(task: Task) -> str:
    """An effect that lives should be confirmed by the test split; a dead one only by chance."""
    return "replicated" if task.world.effect_lasts else "replicated_by_chance"
