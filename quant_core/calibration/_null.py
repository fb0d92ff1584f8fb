"""What is counted in a world without any effect.

Put here: coverage, size, false discoveries, chance replication.
Keep out: planted effects (``_planted.py``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.calibration._count import SMALLEST_CELL, counted, counted_once, labelled
from quant_core.calibration._plan import Task
from quant_core.calibration._power import count_power_at_mde
from quant_core.calibration._seasonal import count_null_season
from quant_core.estimators.wilson import Wilson
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg
from quant_core.market_stats import compute_market_stats
from quant_core.worlds import World

LEVEL = 0.05
STRICT_LEVEL = 0.01
_PAIR = ("event", "condition", "target")


def count_null_world(task: Task, bars: Bars) -> pl.DataFrame:
    """Every measure of one simulation; the pooled split equals the test split here and is left out."""
    rows = compute_market_stats(bars, task.spec).filter(pl.col("split") != "oos_pooled")
    fair = rows.filter(target_kind="binary").filter(_is_fair(task.world))
    binary = rows.filter(target_kind="binary").join(_known_rates(fair, task), on=_PAIR, how="inner")
    parts = [
        *_coverage(binary, task.spec.n_min),
        *_tests(fair, task.spec.n_min),
        *_numeric(rows.filter(target_kind="numeric"), task.spec.n_min),
        *_waiting(rows.filter(target_kind="time_to_event", condition="all"), task),
        *_families(rows, task),
        *_costs(rows, task.spec.n_min),
        *count_null_season(task, bars),
        *count_power_at_mde(task, bars),
    ]
    return labelled([p for p in parts if p.height], task.world.canonical)


def _is_fair(world: World) -> pl.Expr:
    """Rows whose true rate is that of ``truth`` in every cell, so that no cell differs from the baseline.

    First touches take as long as they take: only a world that is fair over any horizon is fair to them.
    """
    if world.fair_horizon is None:
        return pl.lit(value=True)
    return (pl.col("horizon_bars") <= world.fair_horizon) & pl.col("target").str.starts_with("continuation_n(")


def _known_rates(fair: pl.DataFrame, task: Task) -> pl.DataFrame:
    """The true rate of every cell that has one: all fair cells, and events without a condition elsewhere."""
    exact = fair.select(*_PAIR, pl.lit(task.world.truth(1).rate).alias("rate")).unique()
    simulated = pl.DataFrame(
        [(event, "all", target, rate) for (event, target), rate in task.rates.items()],
        schema=dict.fromkeys(_PAIR, pl.String) | {"rate": pl.Float64},
        orient="row",
    )
    return pl.concat([exact, simulated.join(exact, on=_PAIR, how="anti")])


def _coverage(rows: pl.DataFrame, n_min: int) -> list[pl.DataFrame]:
    """Coverage of the rate's intervals, and the textbook interval as a control that must fail."""
    seen = rows.filter(pl.col("n") >= SMALLEST_CELL)
    large, small = seen.filter(pl.col("n") >= n_min), seen.filter(pl.col("n") < n_min)
    low, high = Wilson().interval(large["p_hat"].to_numpy(), large["n"].to_numpy())
    plain = large.with_columns(plain_low=low, plain_high=high)

    def covers(low: str, high: str) -> pl.Expr:
        return pl.col("rate").is_between(low, high)

    return [
        counted(large, "coverage_wilson", covers("ci_low", "ci_high")),
        counted(large, "coverage_jeffreys", covers("hdi_low", "hdi_high")),
        counted(small, "coverage_wilson_small", covers("ci_low", "ci_high")),
        counted(small, "coverage_jeffreys_small", covers("hdi_low", "hdi_high")),
        counted(plain, "coverage_plain_n", covers("plain_low", "plain_high")),
    ]


def _tests(rows: pl.DataFrame, n_min: int) -> list[pl.DataFrame]:
    """Size of the test against the baseline at both levels, and what the test split confirms by chance."""
    tested = rows.filter(pl.col("n") >= SMALLEST_CELL, pl.col("p_value").is_not_null())
    large, small = tested.filter(pl.col("n") >= n_min), tested.filter(pl.col("n") < n_min)
    train = large.filter(pl.col("split") == "train", pl.col("replicated").is_not_null(), pl.col("p_value") <= LEVEL)
    return [
        counted(large, "size", pl.col("p_value") <= LEVEL),
        counted(large, "size_1pct", pl.col("p_value") <= STRICT_LEVEL),
        counted(small, "size_small", pl.col("p_value") <= LEVEL),
        counted(train, "replicated_by_chance", pl.col("replicated")),
    ]


def _numeric(rows: pl.DataFrame, n_min: int) -> list[pl.DataFrame]:
    """Coverage of the mean's interval (the truth is 0) and size of its test."""
    seen = rows.filter(pl.col("n") >= SMALLEST_CELL)
    large, small = seen.filter(pl.col("n") >= n_min), seen.filter(pl.col("n") < n_min)
    covers = (pl.col("mean_ci_low") <= 0) & (pl.col("mean_ci_high") >= 0)
    tested = large.filter(pl.col("p_value").is_not_null())
    return [
        counted(large.filter(pl.col("mean_ci_low").is_not_null()), "coverage_mean", covers),
        counted(small.filter(pl.col("mean_ci_low").is_not_null()), "coverage_mean_small", covers),
        counted(tested, "size", pl.col("p_value") <= LEVEL),
        counted(tested, "size_1pct", pl.col("p_value") <= STRICT_LEVEL),
    ]


def _costs(rows: pl.DataFrame, n_min: int) -> list[pl.DataFrame]:
    """Trades without any edge that are claimed to clear their cost, on either side."""
    priced = rows.filter(pl.col("n") >= n_min, pl.col("clears_cost").is_not_null())
    return [counted(priced, "clears_cost_by_chance", pl.col("clears_cost"))]


def _waiting(rows: pl.DataFrame, task: Task) -> list[pl.DataFrame]:
    """Coverage of the Kaplan-Meier intervals of events without a condition."""
    truth = pl.DataFrame(
        [(event, target, *values) for (event, target), values in task.waiting.items()],
        schema={"event": pl.String, "target": pl.String, "true_mean": pl.Float64, "true_median": pl.Float64},
        orient="row",
    )
    known = rows.filter(pl.col("n") >= task.spec.n_min).join(truth, on=["event", "target"], how="inner")
    median = known.filter(pl.col("km_median_high").is_not_null())
    mean = known.filter(pl.col("km_rmean_high").is_not_null())
    return [
        counted(mean, "coverage_km_rmean", pl.col("true_mean").is_between("km_rmean_low", "km_rmean_high")),
        counted(median, "coverage_km_median", pl.col("true_median").is_between("km_median_low", "km_median_high")),
    ]


def _families(rows: pl.DataFrame, task: Task) -> list[pl.DataFrame]:
    """Is anything claimed? Per target and horizon (its own family), and for the pipeline's own families.

    Without any effect every discovery is false, so the false discovery rate is the chance of any discovery.
    """
    fdr = task.spec.fdr
    train = rows.filter(pl.col("split") == "train", pl.col("target_kind") != "time_to_event")
    train = train.filter((pl.col("target_kind") == "numeric") | _is_fair(task.world))
    found: list[pl.DataFrame] = []
    tested = train.filter(pl.col("p_value").is_not_null(), pl.col("verdict") != "insufficient")
    for (target, horizon), part in tested.group_by("target", "horizon_bars", maintain_order=True):
        q = BenjaminiHochberg(rate=fdr).adjust(part["p_value"].to_numpy())
        name = str(target).split("(", maxsplit=1)[0]
        hit = bool(np.any(q <= fdr))
        found.append(counted_once("false_discovery", hit=hit, target=name, horizon=int(str(horizon))))
    # The pipeline's own binary family holds cells that do differ where some horizons are not fair.
    whole = train if task.world.fair_horizon is None else train.filter(target_kind="numeric")
    for kind, part in whole.group_by("target_kind", maintain_order=True):
        hit = bool((part["verdict"] == "significant").any())
        found.append(counted_once("false_discovery", hit=hit, target=f"any {kind[0]}"))
    return found
