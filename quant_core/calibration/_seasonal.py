"""What is counted of the seasonality engine.

Put here: coverage, size, false discoveries and power of seasonal profiles.
Keep out: market statistics (``_null.py``, ``_planted.py``).
"""

from __future__ import annotations

import polars as pl

from quant_core.bars import Bars
from quant_core.calibration._count import counted, counted_once
from quant_core.calibration._plan import Task
from quant_core.seasonality import SeasonalityProfileSpec, profile_bars

DIMENSIONS = ("hour", "dow", "session", "turn_of_month")
METRICS = ("next_p_up", "next_ret_mean")
LEVEL = 0.05


def count_null_season(task: Task, bars: Bars) -> list[pl.DataFrame]:
    """A world without an effect has no season: every bin's rate is the same, ½ where fair, and every mean return 0."""
    return [part for horizon in task.horizons for part in _null_profile(_profile(task, bars, horizon), horizon, task)]


def _null_profile(rows: pl.DataFrame, horizon: int, task: Task) -> list[pl.DataFrame]:
    """One profile: intervals, tests, and whether a family (one metric, all dimensions) claims anything."""
    furthest = task.world.fair_horizon
    rate = 0.5 if furthest is None or horizon <= furthest else None
    truth = pl.when(pl.col("target") == "next_p_up").then(pl.lit(rate, pl.Float64)).otherwise(0.0)
    sized = rows.filter(pl.col("verdict") != "insufficient")
    known = sized.filter(pl.col("ci_low").is_not_null(), truth.is_not_null())
    parts = [
        counted(known, "seasonal_coverage", truth.is_between("ci_low", "ci_high")),
        counted(sized.filter(pl.col("p_value").is_not_null()), "seasonal_size", pl.col("p_value") <= LEVEL),
    ]
    for (metric,), family in rows.group_by("target", maintain_order=True):
        hit = bool((family["verdict"] == "significant").any())
        parts.append(counted_once("seasonal_false_discovery", hit=hit, target=str(metric), horizon=horizon))
    return [part for part in parts if part.height]


def count_planted_season(task: Task, bars: Bars) -> list[pl.DataFrame]:
    """The bin that a close before the planted bar falls into, over one bar; nothing where no season is planted."""
    plant, season = task.world.plant, task.world.season
    if plant is None or season is None:
        return []
    truth, rows = task.world.truth(1), _profile(task, bars, 1)
    planted = rows.filter(
        pl.col("condition") == season.name, pl.col("bin") == plant.condition_value, target="next_p_up"
    )
    covers = (pl.col("ci_low") <= truth.rate) & (pl.col("ci_high") >= truth.rate)
    return [
        counted(planted, "seasonal_coverage_planted", covers),
        counted(planted, "seasonal_power_verdict", pl.col("verdict") == "significant"),
    ]


def _profile(task: Task, bars: Bars, horizon: int) -> pl.DataFrame:
    """The profile over all bars, with the columns that ``counted`` groups by."""
    spec = SeasonalityProfileSpec(
        by_hour=False,
        by_dow=False,
        dimensions=DIMENSIONS,
        metrics=METRICS,
        ret_horizon=horizon,
        min_samples_bin=task.spec.n_min,
        q_max=task.spec.fdr,
        confidence=task.spec.confidence,
    )
    return profile_bars(bars, spec).with_columns(
        target=pl.col("metric_name"),
        horizon_bars=pl.lit(horizon, dtype=pl.Int64),
        event=pl.lit("profile"),
        condition=pl.col("dimension").str.split("(").list.first(),
    )
