"""Verdicts: what survives the correction for all the tests of a split, and what the test split confirms.

Put here: families, q-values, minimum detectable effects, verdicts, replication.
Keep out: the formulas (inference/, estimators/).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from quant_core.counting.block_moments import Floats, ratio
from quant_core.estimators.minimum_detectable_effect import MinimumDetectableEffect, RateCells
from quant_core.market_stats._estimate import DEGREES, DESCRIBED, SPREAD
from quant_core.market_stats._hypotheses import ENOUGH, SPEAKER, name_hypotheses, share_tests
from quant_core.market_stats.settings import MarketStatsSpec

REPLICATION_LEVEL = 0.05
CELL = ("fold", "event", "condition", "condition_value", "target")


def judge(cells: pl.DataFrame, spec: MarketStatsSpec) -> pl.DataFrame:
    """Fill hypothesis, p_value, q_value, n_tests, mde and verdict of one split's cells.

    A family is the hypotheses of one target kind with a p-value and n ≥ n_min; cells that ask the same question are one
    test and share what it says. Time-to-event cells have no test, no family, no verdict.
    """
    named = share_tests(name_hypotheses(cells), spec.n_min, spec.test.min_blocks)
    return pl.concat([_judge_family(part, spec) for _, part in named.group_by("target_kind", maintain_order=True)])


def _judge_family(cells: pl.DataFrame, spec: MarketStatsSpec) -> pl.DataFrame:
    """One family and the cells that stay outside it for want of data."""
    enough = cells[ENOUGH].to_numpy()
    p = cells["p_value"].to_numpy().astype(np.float64)
    speaker = cells[SPEAKER].to_numpy()
    in_family = np.where(enough & (speaker == np.arange(len(p))), p, np.nan)
    n_tests = int(np.sum(~np.isnan(in_family)))
    n_eff = cells["n_eff"].to_numpy().astype(np.float64)
    q = np.where(enough, spec.correction.adjust(in_family, n_eff)[speaker], np.nan)
    # Cells outside the family are told what its tests would find at equal weights.
    level = np.full(len(p), spec.correction.first_step(max(n_tests, 1)))
    level[~np.isnan(in_family)] = spec.correction.first_steps(n_eff[~np.isnan(in_family)])
    # A hypothesis without a test finds nothing, also where one of its cells has blocks enough for one.
    mde = np.where(np.isnan(p), np.nan, _detectable(cells, spec, level[speaker]))
    verdict = np.where(q <= spec.fdr, "significant", "not_significant").astype(object)
    # Rates have a largest possible effect, so a hypothesis may be beyond the reach of its family's first step.
    beyond = np.isin(speaker, speaker[np.isnan(mde)]) & (cells["target_kind"][0] == "binary")
    verdict[(q > spec.fdr) & beyond] = "underpowered"
    # No p-value: too few blocks; or nothing to test where the cell is all bars, or where no number varies.
    verdict[~enough | np.isnan(p)] = "insufficient"
    degrees = cells[DEGREES].to_numpy().astype(np.float64)
    whole = ((cells["n"] == cells["n_all"]) & (cells["n"] > 0)).to_numpy()
    verdict[(enough & np.isnan(p) & ~np.isnan(degrees)) | whole] = None
    verdict[(cells[DESCRIBED] | (cells["target_kind"] == "time_to_event")).to_numpy()] = None
    return cells.with_columns(
        pl.Series("q_value", q).fill_nan(None),
        pl.Series("mde", mde).fill_nan(None),
        pl.Series("verdict", verdict.tolist(), dtype=pl.String),
        pl.lit(n_tests, dtype=pl.Int64).alias("n_tests"),
    )


def _detectable(cells: pl.DataFrame, spec: MarketStatsSpec, level: Floats) -> Floats:
    """The least lift found with the spec's power at ``level``; nan where no test is, and where none would be."""
    n, n_all, baseline, spread, degrees = (
        cells[name].to_numpy().astype(np.float64) for name in ("n", "n_all", "baseline", SPREAD, DEGREES)
    )
    estimator = MinimumDetectableEffect(power=spec.power)
    if cells["target_kind"][0] == "binary":
        return estimator.of_rates(RateCells(n, np.nan_to_num(ratio(n, n_all)), baseline, spread, degrees), level)
    return estimator.of_numbers(spread, degrees, level)


def mark_replicated(rows: pl.DataFrame) -> pl.DataFrame:
    """On train rows: has the same cell of the fold's test split the same sign and p ≤ 0.05?"""
    lift = pl.coalesce("lift_freq", "lift_mean")
    test = rows.filter(split="test").select(*CELL, lift.alias("_lift"), pl.col("p_value").alias("_p"))
    same_sign = lift.sign() == pl.col("_lift").sign()
    found = same_sign & (pl.col("_p") <= REPLICATION_LEVEL)
    testable = (pl.col("split") == "train") & pl.col("p_value").is_not_null() & pl.col("_p").is_not_null()
    joined = rows.join(test, on=CELL, how="left", validate="m:1", maintain_order="left")
    return joined.with_columns(pl.when(testable).then(found).alias("replicated")).drop("_lift", "_p")
