"""What must never happen: look-ahead, learning on test data, results that depend on order."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quant_core.conditions.quantile_bin import QuantileBin
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.errors import ConfigError
from quant_core.events.bullish_candle import BullishCandle
from quant_core.events.k_consecutive import KConsecutive
from quant_core.market_stats import compute_market_stats
from quant_core.spec import MarketStatsSpec
from quant_core.splitters.single_split import SingleSplit
from quant_core.splitters.walk_forward import WalkForward
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.time_to_reversal import TimeToReversal
from tests.market_stats.market_worlds import garch_t

SPEC = MarketStatsSpec(
    events=(KConsecutive(window_bars=2), BullishCandle()),
    conditions=(VolTertile(), QuantileBin()),
    targets=(ContinuationN(horizon_bars=10), ForwardReturnN(horizon_bars=5), TimeToReversal(horizon_bars=20)),
    splitter=WalkForward("anchored", train_months=24, test_months=12),
    n_min=50,
    n_resamples=99,
)


@pytest.fixture(scope="module")
def bars():
    return garch_t(1700, np.random.default_rng(21))


def shaken(bars, start):
    """The same bars with everything from ``start`` on replaced by another, wilder market."""
    factor = np.ones(len(bars))
    factor[start:] = np.exp(np.cumsum(np.random.default_rng(5).normal(0.01, 0.05, len(bars) - start)))
    prices = bars.frame.with_columns([pl.col(c) * factor for c in ("open", "high", "low", "close")])
    return bars.with_frame(prices)


def test_changing_the_test_data_never_changes_a_train_row(bars):
    folds = SPEC.splitter.folds(bars.frame["session_date"])
    before = compute_market_stats(bars, SPEC)
    for fold in folds:
        after = compute_market_stats(shaken(bars, fold.test_start), SPEC)
        known = (pl.col("fold") <= fold.index) & (pl.col("fold") >= 0) & (pl.col("split") == "train")
        same = before.filter(known).drop("replicated")
        assert_frame_equal(same, after.filter(known).drop("replicated"), check_exact=True)
        changed = (pl.col("fold") == fold.index) & (pl.col("split") == "test")
        assert not before.filter(changed).equals(after.filter(changed)), "the change must reach the test rows"


def test_changing_later_folds_never_changes_an_earlier_fold(bars):
    folds = SPEC.splitter.folds(bars.frame["session_date"])
    before, after = (compute_market_stats(b, SPEC) for b in (bars, shaken(bars, folds[0].test_stop)))
    assert_frame_equal(before.filter(fold=0), after.filter(fold=0), check_exact=True)


def test_test_bins_are_those_of_the_training_bars(bars):
    """A calm training market leaves every bar of a wild test market in the top bin."""
    spec = replace(SPEC, conditions=(VolTertile(),), targets=SPEC.targets[:1], splitter=SingleSplit(0.6))
    start = spec.splitter.folds(bars.frame["session_date"])[0].test_start
    rows = compute_market_stats(shaken(bars, start), spec).filter(split="test", event="bullish_candle", condition="all")
    binned = compute_market_stats(shaken(bars, start), spec).filter(
        split="test", event="bullish_candle", condition_value="high"
    )
    assert binned["n"][0] > 0.9 * rows["n"][0]


def test_the_order_of_blocks_changes_nothing(bars):
    turned = replace(SPEC, events=SPEC.events[::-1], conditions=SPEC.conditions[::-1], targets=SPEC.targets[::-1])
    assert_frame_equal(compute_market_stats(bars, SPEC), compute_market_stats(bars, turned), check_exact=True)


def test_a_further_block_changes_other_rows_only_through_the_family(bars):
    fewer = replace(SPEC, events=SPEC.events[:1], conditions=SPEC.conditions[:1])
    few, many = compute_market_stats(bars, fewer), compute_market_stats(bars, SPEC)
    family = ["q_value", "n_tests", "mde", "verdict"]
    key = ["fold", "split", "event", "condition", "condition_value", "target"]
    shared = many.join(few.select(key), on=key, how="semi", maintain_order="left")
    assert_frame_equal(shared.drop(family), few.drop(family), check_exact=True)
    assert (many["n_tests"].max() or 0) > (few["n_tests"].max() or 0)


def test_pooled_rows_add_up_the_tests_of_the_folds(bars):
    rows = compute_market_stats(bars, SPEC)
    key = ["event", "condition", "condition_value", "target"]
    summed = rows.filter(split="test").group_by(key).agg(pl.col("n", "n_all", "n_censored").sum())
    pooled = rows.filter(split="oos_pooled").select(*key, "n", "n_all", pl.col("n_censored").fill_null(0))
    assert_frame_equal(summed, pooled, check_row_order=False, check_exact=True)


def test_bars_shorter_than_one_fold_are_refused_with_advice(bars):
    with pytest.raises(ConfigError, match="train_months"):
        compute_market_stats(bars.head(300), SPEC)


def test_the_seed_moves_bootstrap_bounds_and_nothing_else(bars):
    one, other = compute_market_stats(bars, SPEC), compute_market_stats(bars, replace(SPEC, seed=1))
    bounds = ["mean_ci_low", "mean_ci_high"]
    assert_frame_equal(one.drop(bounds), other.drop(bounds), check_exact=True)
    assert not one.select(bounds).equals(other.select(bounds))
