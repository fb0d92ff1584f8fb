"""From hits and trials to rates with their Monte Carlo error, and whether they meet what is required.

Put here: pooling over simulations, the standard error, the requirements.
Keep out: counting.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from quant_core.calibration._count import ANY


class Requirement(NamedTuple):
    """What a measure promises; None where it promises nothing.

    Attributes:
        nominal: what the rate should be.
        low, high: the range it must lie in.
    """

    nominal: float | None = None
    low: float | None = None
    high: float | None = None


COVERAGE = Requirement(0.95, 0.93, 0.97)
POWER = Requirement(0.80, 0.75, 0.90)
REQUIREMENTS: dict[str, Requirement] = {
    "coverage_wilson": COVERAGE,
    "coverage_jeffreys": COVERAGE,
    "coverage_mean": COVERAGE,
    "coverage_km_rmean": COVERAGE,
    # A median of whole bars cannot be covered exactly as often as it should; under-coverage is what misleads.
    "coverage_km_median": Requirement(0.95, 0.93, None),
    "coverage_planted": COVERAGE,
    "seasonal_coverage": COVERAGE,
    "seasonal_coverage_planted": COVERAGE,
    # Cells that the pipeline itself calls insufficient: reported, not required.
    "coverage_wilson_small": Requirement(0.95),
    "coverage_jeffreys_small": Requirement(0.95),
    "coverage_mean_small": Requirement(0.95),
    "coverage_plain_n": Requirement(0.95),
    "size": Requirement(0.05, None, 0.06),
    "size_1pct": Requirement(0.01, None, 0.015),
    "size_small": Requirement(0.05),
    "seasonal_size": Requirement(0.05, None, 0.06),
    "false_discovery": Requirement(0.10, None, 0.10),
    "seasonal_false_discovery": Requirement(0.10, None, 0.10),
    # Same sign and p ≤ 0.05 by chance: half of 5 %.
    "replicated_by_chance": Requirement(0.025, None, 0.05),
    "power_at_mde_5pct": POWER,
    "power_at_mde_1pct": POWER,
    "power_at_mde_family": POWER,
    "clears_costs": Requirement(0.025, None, 0.05),
    # Either side may be claimed, each by an interval that errs 2.5 % of the time on that side; costs make it rarer.
    "clears_cost_by_chance": Requirement(0.05, None, 0.05),
}
_KEY = ("world", "split_bars", "measure", "target", "horizon_bars", "event", "condition")
_SCHEMA = {"measure": pl.String, "nominal": pl.Float64, "low": pl.Float64, "high": pl.Float64}


def rates_of(counts: pl.DataFrame) -> pl.DataFrame:
    """Rates of every measure: per event and condition, per event, per condition, and over all of them.

    rate = Σhits/Σtrials;  mc_se² = Σ_w(hits_w − rate·trials_w)²/(Σtrials)² · W/(W − 1) over the W simulations.

    Example, by hand: 1 of 2 and 2 of 2 hits: 3/4; residuals ∓½: √(½/16·2) = ¼.

    >>> two = pl.DataFrame({"world": "w", "split_bars": 9, "measure": "size", "target": "t", "horizon_bars": 1,
    ...                     "event": "e", "condition": "c", "effect": None, "hits": [1, 2], "trials": [2, 2],
    ...                     "index": [0, 1]},
    ...                    schema_overrides={"effect": pl.Float64})
    >>> rates_of(two).filter(event="any", condition="any").select("rate", "mc_se", "n_trials", "verdict").row(0)
    (0.75, 0.25, 4, 'misses')
    """
    any_event, any_condition = pl.lit(ANY).alias("event"), pl.lit(ANY).alias("condition")
    levels = [
        counts,
        counts.with_columns(any_event),
        counts.with_columns(any_condition),
        counts.with_columns(any_event, any_condition),
    ]
    # A family is already pooled: its rows would repeat at every level.
    pooled = pl.concat([levels[0], *(level.filter(counts["event"] != ANY) for level in levels[1:])])
    per_world = pooled.group_by(*_KEY, "effect", "index").agg(pl.col("hits").sum(), pl.col("trials").sum())
    rate = pl.col("hits").sum() / pl.col("trials").sum()
    residual = pl.col("hits") - rate * pl.col("trials")
    n = pl.len().cast(pl.Float64)
    error = ((residual**2).sum() * pl.when(n > 1).then(n / (n - 1))).sqrt() / pl.col("trials").sum()
    rates = (
        per_world.sort(*_KEY, "index")
        .group_by(*_KEY, "effect", maintain_order=True)
        .agg(
            rate.alias("rate"),
            error.alias("mc_se"),
            pl.len().cast(pl.Int64).alias("n_worlds"),
            pl.col("trials").sum().alias("n_trials"),
        )
    )
    required = pl.DataFrame([(name, *r) for name, r in REQUIREMENTS.items()], schema=_SCHEMA, orient="row")
    return rates.join(required, on="measure", how="left", maintain_order="left").with_columns(_verdict())


def _verdict() -> pl.Expr:
    """Inside the range, outside by chance perhaps, or outside by more than two standard errors."""
    short = pl.max_horizontal(pl.col("low") - pl.col("rate"), pl.col("rate") - pl.col("high"))
    # Where every world gave the same count the standard error is 0; independent trials would still vary by this much.
    least = (pl.col("nominal") * (1 - pl.col("nominal")) / pl.col("n_trials")).sqrt()
    slack = 2 * pl.max_horizontal(pl.col("mc_se").fill_null(float("inf")), least)
    return (
        pl.when(short.is_null())
        .then(None)
        .when(short <= 0)
        .then(pl.lit("meets"))
        .when(short <= slack)
        .then(pl.lit("unclear"))
        .otherwise(pl.lit("misses"))
        .alias("verdict")
    )
