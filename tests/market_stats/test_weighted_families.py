"""A correction with weights is told the effective sizes of its own family, and promises what its weights allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from quant_core.conditions.vol_tertile import VolTertile
from quant_core.events.breakout_hhll import BreakoutHhll
from quant_core.events.k_consecutive import KConsecutive
from quant_core.inference.weighted_benjamini_hochberg import WeightedBenjaminiHochberg
from quant_core.market_stats import compute_market_stats
from quant_core.spec import MarketStatsSpec
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.up_next_bar import UpNextBar
from quant_core.worlds.planted_lift import PlantedLift

BARS = PlantedLift(lift=0.3).simulate(8_000, 5)
SPEC = MarketStatsSpec(
    events=(KConsecutive(window_bars=2), KConsecutive(window_bars=4), BreakoutHhll()),
    conditions=(VolTertile(),),
    targets=(UpNextBar(), ContinuationN(horizon_bars=20)),
    fdr=0.1,
    n_min=40,
    n_resamples=99,
)


def train_rows(spec: MarketStatsSpec) -> pl.DataFrame:
    """The training cells, in one order."""
    rows = compute_market_stats(BARS, spec).filter(split="train", target_kind="binary")
    return rows.sort("event", "condition", "condition_value", "target")


def test_a_weighted_correction_weighs_by_n_eff_and_its_mde_follows() -> None:
    plain, weighted = train_rows(SPEC), train_rows(replace(SPEC, correction=WeightedBenjaminiHochberg()))
    first = pl.concat_str("event", "condition", "condition_value", "target", separator=" | ")
    tests = weighted.filter(pl.col("q_value").is_not_null(), pl.col("hypothesis") == first)
    p, n_eff = tests["p_value"].to_numpy(), tests["n_eff"].to_numpy()
    method = WeightedBenjaminiHochberg(rate=0.1)
    np.testing.assert_allclose(tests["q_value"].to_numpy(), method.adjust(p, n_eff), rtol=1e-12)
    assert np.abs(method.adjust(p, n_eff) - method.adjust(p)).max() > 1e-3, "weights must matter for this to prove"
    weights = method.weights(n_eff)
    before = tests.select("event", "condition", "condition_value", "target").join(
        plain, on=["event", "condition", "condition_value", "target"], maintain_order="left"
    )
    both = (tests["mde"].is_not_null() & before["mde"].is_not_null()).to_numpy()
    change = (tests["mde"] - before["mde"]).to_numpy()[both]
    assert both.sum() > 10
    # A test with more than its share finds smaller lifts, one with less only larger ones.
    assert (change[weights[both] > 1.01] < 0).all()
    assert (change[weights[both] < 0.99] > 0).all()
    assert min((weights[both] > 1.01).sum(), (weights[both] < 0.99).sum()) > 0
