"""Market statistics of twelve bars, worked by hand, and the edges of the table."""

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from quant_core.bars import Bars
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.events.bullish_candle import BullishCandle
from quant_core.market_stats import compute_market_stats
from quant_core.spec import MarketStatsSpec
from quant_core.splitters.single_split import SingleSplit
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.time_to_reversal import TimeToReversal
from quant_core.targets.up_next_bar import UpNextBar
from quant_core.timeframes import Timeframe
from tests.market_stats.market_worlds import Marked, Never, Unknown, random_walk

BINARY = ["successes", "p_hat", "ci_low", "ci_high", "p_mean", "p_map", "hdi_low", "hdi_high", "baseline", "lift_freq"]
NUMERIC = ["mean", "q25", "median", "q75", "baseline_mean", "lift_mean"]
TIMES = ["n_censored", "km_median", "km_rmean"]


@pytest.fixture(scope="module")
def rows():
    """Two splits of six bars; the event is marked at bars 0, 1, 2, 4, 5 and at 6, 7."""
    bars = Bars.of(
        close=[1, 2, 3, 2, 3, 4, 3, 4, 5, 6, 5, 6],
        volume=[1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0],
        timeframe=Timeframe.D1,
    )
    targets = (
        UpNextBar(),
        ContinuationN(horizon_bars=2, direction="up", ties="failure"),
        ContinuationN(horizon_bars=2, direction="up"),
        ForwardReturnN(horizon_bars=1),
        TimeToReversal(horizon_bars=4),
    )
    spec = MarketStatsSpec(events=(Marked(),), targets=targets, splitter=SingleSplit(0.5), n_min=1)
    return compute_market_stats(bars, spec)


def cell(rows, split, target):
    return rows.filter(pl.col("split") == split, pl.col("target").str.starts_with(target)).to_dicts()[0]


def test_rates_and_intervals_of_the_next_bar(rows):
    row = cell(rows, "train", "up_next_bar")
    # Known inside the split: bars 0 … 4, up, up, down, up, up. The cell: bars 0, 1, 2, 4.
    assert (row["n"], row["successes"], row["n_all"], row["n_blocks"]) == (4, 3, 5, 1)
    assert (row["p_hat"], row["baseline"]) == (0.75, 0.8)
    assert row["lift_freq"] == pytest.approx(-0.05)
    # One block: no cluster variance, so n_eff is n. The posterior is Beta(3.5, 1.5).
    assert row["n_eff"] == 4
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(proportion_confint(3, 4, method="wilson"), abs=1e-12)
    assert row["p_mean"] == pytest.approx(0.7)
    assert row["p_map"] == pytest.approx(2.5 / 3)
    assert stats.beta.cdf(row["hdi_high"], 3.5, 1.5) - stats.beta.cdf(row["hdi_low"], 3.5, 1.5) == pytest.approx(0.95)
    assert row["lift_bayes"] == pytest.approx(-0.1)


def test_overlapping_windows_count_for_what_they_cover(rows):
    row = cell(rows, "train", "continuation_n(horizon_bars=2,direction=up,ties=failure)")
    # Bars 0, 1, 2 see two bars ahead inside the split; their windows cover bars 1 … 4: 4/2.
    assert (row["n"], row["n_eff"]) == (3, 2)
    # close: 3 > 1, 2 = 2 is a failure, 3 = 3 is a failure.
    assert (row["successes"], row["tie_share"]) == (1, None)
    assert row["baseline"] == pytest.approx(2 / 4)


def test_ties_are_no_outcomes_and_their_share_is_told(rows):
    row = cell(rows, "train", "continuation_n(horizon_bars=2,direction=up)")
    # The same three bars: 3 > 1, and two ties; beside the cell 4 > 2. The next bar alone moves every time.
    assert (row["n"], row["successes"], row["n_all"]) == (1, 1, 2)
    assert row["tie_share"] == pytest.approx(2 / 3)
    assert (row["p_hat"], row["baseline"]) == (1, 1)
    assert cell(rows, "train", "up_next_bar")["tie_share"] == 0
    assert cell(rows, "train", "forward_return_n")["tie_share"] is None


def test_too_few_blocks_give_no_test_and_no_verdict(rows):
    row = cell(rows, "train", "up_next_bar")
    assert (row["p_value"], row["q_value"], row["mde"], row["replicated"]) == (None, None, None, None)
    assert (row["verdict"], row["n_tests"]) == ("insufficient", 0)


def test_numbers_go_through_means_only(rows):
    row = cell(rows, "train", "forward_return_n")
    assert row["mean"] == pytest.approx((1 + 0.5 - 1 / 3 + 1 / 3) / 4)
    assert (row["median"], row["q25"], row["q75"]) == pytest.approx(
        np.quantile([1, 0.5, -1 / 3, 1 / 3], [0.5, 0.25, 0.75])
    )
    assert row["baseline_mean"] == pytest.approx((1 + 0.5 - 1 / 3 + 0.5 + 1 / 3) / 5)
    assert [row[c] for c in BINARY + TIMES] == [None] * 13


def test_times_are_censored_at_the_end_of_the_split(rows):
    row = cell(rows, "train", "time_to_reversal")
    # From bar 0 price rises until bar 2 and falls at 3: 3 bars. From 1: 2 bars. From 2: down, then up at bar 4: 2 bars.
    # From bar 4 it rises to bar 5, the split's last: open after 1 bar. Bar 5 has seen nothing.
    assert (row["n"], row["n_censored"]) == (4, 1)
    # At risk 4: one leaves open at 1; S(2) = 1 − 2/3, S(3) = 0.
    assert row["km_median"] == 2
    assert row["km_rmean"] == pytest.approx(1 + 1 + 1 / 3)
    assert [row[c] for c in BINARY + NUMERIC] == [None] * 16


def test_test_rows_and_pooled_rows_are_equal_where_there_is_one_fold(rows):
    same = [c for c in rows.columns if c not in {"fold", "split", "mean_ci_low", "mean_ci_high"}]
    test, pooled = (rows.filter(split=s).select(same) for s in ("test", "oos_pooled"))
    assert test.equals(pooled)
    assert cell(rows, "test", "up_next_bar")["n"] == 2


def test_an_event_that_never_happens_and_a_target_without_outcome_give_empty_cells():
    bars = random_walk(400, np.random.default_rng(0))
    spec = MarketStatsSpec(
        events=(Never(), BullishCandle()),
        targets=(UpNextBar(), Unknown(), ForwardReturnN()),
        conditions=(VolTertile(),),
    )
    rows = compute_market_stats(bars, spec)
    for row in rows.filter((pl.col("event") == "never") | (pl.col("target") == "unknown")).to_dicts():
        assert (row["n"], row["n_eff"], row["p_hat"], row["mean"], row["p_value"]) == (0, None, None, None, None)
        assert row["verdict"] == "insufficient"
        assert (row["baseline"] is None) == (row["target"] != "up_next_bar")
    assert rows.filter(event="bullish_candle", target="up_next_bar")["n"].min() > 0


def test_columns_are_filled_by_kind_alone():
    bars = random_walk(600, np.random.default_rng(1))
    targets = (UpNextBar(), ForwardReturnN(), TimeToReversal())
    rows = compute_market_stats(bars, MarketStatsSpec(events=(BullishCandle(),), targets=targets, n_min=20))
    for kind, own in (("binary", BINARY), ("numeric", NUMERIC), ("time_to_event", TIMES)):
        part = rows.filter(target_kind=kind)
        for column in BINARY + NUMERIC + TIMES:
            assert part[column].is_null().all() == (column not in own), (kind, column)
    assert rows.filter(target_kind="time_to_event")["q_value"].is_null().all()


def test_a_mean_of_equal_outcomes_has_no_interval():
    """Prices that never move: every resample is the same, and an interval of no width would be certainty."""
    bars = Bars.of(close=[100.0] * 600, timeframe=Timeframe.D1)
    spec = MarketStatsSpec(
        events=(Marked(),), targets=(ForwardReturnN(horizon_bars=1),), splitter=SingleSplit(0.5), n_min=1
    )
    row = compute_market_stats(bars.with_frame(bars.frame.with_columns(volume=1.0)), spec).to_dicts()[0]
    assert (row["mean"], row["mean_ci_low"], row["mean_ci_high"], row["verdict"]) == (0.0, None, None, None)
