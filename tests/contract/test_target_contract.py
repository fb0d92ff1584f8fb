"""Targets: the value at t depends on bars up to t + horizon, and not on one bar more."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quant_core.bars import Bars
from quant_core.targets import TARGETS
from quant_core.targets.contract import Target
from tests.contract.block_variants import variants
from tests.contract.random_bars import altered_from

CASES = variants(TARGETS)
DTYPES = {"binary": pl.Boolean, "numeric": pl.Float64, "time_to_event": pl.Float64}


def shocked(bars: Bars, at: int, factor: float, n_bars: int = 1) -> Bars:
    """The same bars, some of which close far above (factor > 1) or below everything before."""
    place = pl.int_range(len(bars), eager=True)
    hit = (place >= at) & (place < at + n_bars)
    prices = [
        pl.when(hit).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name)
        for name in ("close", "high" if factor > 1 else "low")
    ]
    return bars.with_frame(bars.frame.with_columns(prices))


@pytest.mark.parametrize("target", CASES, ids=str)
@pytest.mark.parametrize("market", ["intraday", "daily"])
def test_bars_beyond_the_horizon_change_nothing(target: Target, market: str, markets: dict[str, Bars]) -> None:
    bars = markets[market]
    whole = target.outcome(bars)
    for cut in (target.horizon + 1, 100, 101, 250, 500, len(bars) - 1):
        n_decided = max(cut - target.horizon, 0)
        altered = target.outcome(altered_from(bars, cut)).head(n_decided)
        assert_frame_equal(altered, whole.head(n_decided), check_exact=True)
        assert_frame_equal(target.outcome(bars.head(cut)).head(n_decided), whole.head(n_decided), check_exact=True)


@pytest.mark.parametrize("target", CASES, ids=str)
def test_the_horizon_is_needed(target: Target, markets: dict[str, Bars]) -> None:
    """Some value changes when only the bar at t + horizon does; for waiting times, when some bar up to it does."""
    n_bars = target.horizon if target.kind == "time_to_event" else 1
    for bars in markets.values():
        whole = target.outcome(bars)
        for t in range(50, 550):
            for factor in (1.5, 0.5):
                changed = target.outcome(shocked(bars, t + target.horizon - n_bars + 1, factor, n_bars)).row(t)
                if changed != whole.row(t):
                    return
    pytest.fail(f"{target.canonical} never uses the last bar of its horizon of {target.horizon}")


PAYOFFS = ["payoff", "payoff_against", "payoff_at_open", "payoff_against_at_open"]
TRADES = [t for t in CASES if type(t).trade is not Target.trade]


@pytest.mark.parametrize("target", TRADES, ids=str)
@pytest.mark.parametrize("market", ["intraday", "daily"])
def test_trades_end_within_the_horizon_and_agree_with_the_outcome(
    target: Target, market: str, markets: dict[str, Bars]
) -> None:
    bars = markets[market]
    whole = target.trade(bars)
    assert whole is not None
    assert whole.schema == dict.fromkeys(PAYOFFS, pl.Float64)
    assert whole.height == len(bars)
    assert whole.tail(target.horizon).null_count().row(0) == (target.horizon,) * len(PAYOFFS)
    for cut in (100, 250, len(bars) - 1):
        altered = target.trade(altered_from(bars, cut))
        assert altered is not None
        n_decided = cut - target.horizon
        assert_frame_equal(altered.head(n_decided), whole.head(n_decided), check_exact=True)
    traded = whole.with_columns(target.outcome(bars)["value"])
    decided = traded.filter(pl.col("value").is_not_null())
    assert decided["payoff"].null_count() == 0
    if target.kind == "numeric":
        assert decided["payoff"].equals(decided["value"].alias("payoff"))
    else:
        assert ((decided["payoff"] > 0) == decided["value"]).all()
    # Nobody earns on both sides: at best the opposite trade earns what this one loses.
    seen = traded.drop_nulls(PAYOFFS)
    assert (seen["payoff_against"] <= -seen["payoff"] + 1e-12).all()
    assert (seen["payoff_against_at_open"] <= -seen["payoff_at_open"] + 1e-12).all()
    # Both entries have the same exits: what they pay differs by the move from this close to the next open.
    prices = traded.with_columns(bars.frame["close"], bars.frame["open"].shift(-1).alias("next_open")).drop_nulls()
    for ours, at_open in (("payoff", "payoff_at_open"), ("payoff_against", "payoff_against_at_open")):
        exits = {
            (direction, entry): (1 + direction * prices[name]) * prices[entry]
            for direction in (1, -1)
            for name, entry in ((ours, "close"), (at_open, "next_open"))
        }
        entered_at_open = prices[ours].equals(prices[at_open].alias(ours))
        same = [((exits[d, "close"] - exits[d, "next_open"]).abs() < 1e-9).all() for d in (1, -1)]
        assert entered_at_open or any(same)


def test_only_targets_that_mean_the_next_open_pay_the_same_from_there(markets: dict[str, Bars]) -> None:
    trades = {t.name: t.trade(markets["intraday"]) for t in TRADES}
    same = {n for n, t in trades.items() if t is not None and t["payoff"].equals(t["payoff_at_open"].alias("payoff"))}
    assert same == {"next_bearish", "next_bullish"}


def test_the_targets_that_stand_for_a_trade_are_these() -> None:
    names = {t.name for t in TRADES}
    assert names >= {
        "continuation_n", "forward_return_n", "next_bearish", "next_bullish", "touch_up_before_down", "up_next_bar",
    }  # fmt: skip
    assert not names & {"breakout_high_first", "breakout_low_first", "retracement", "time_to_reversal", "time_to_touch"}


@pytest.mark.parametrize("target", CASES, ids=str)
def test_outcome_has_the_promised_shape(target: Target, markets: dict[str, Bars]) -> None:
    for bars in markets.values():
        outcome = target.outcome(bars)
        tied = outcome["tied"] if "tied" in outcome.columns else None
        assert outcome.drop("tied", strict=False).schema == {"value": DTYPES[target.kind], "observed": pl.Boolean}
        if tied is not None:
            assert (tied.dtype, tied.null_count()) == (pl.Boolean, 0)
            assert outcome.filter("tied")["value"].is_null().all()
            assert not tied.tail(target.horizon).any()
        assert outcome.height == len(bars)
        assert outcome["observed"].null_count() == 0
        assert target.horizon >= 1


@pytest.mark.parametrize("target", CASES, ids=str)
def test_both_outcomes_occur(target: Target, markets: dict[str, Bars]) -> None:
    values = pl.concat([target.outcome(bars)["value"] for bars in markets.values()])
    assert values.drop_nulls().n_unique() >= 2


@pytest.mark.parametrize("target", [t for t in CASES if t.kind != "time_to_event"], ids=str)
def test_incomplete_windows_have_no_outcome(target: Target, markets: dict[str, Bars]) -> None:
    for bars in markets.values():
        outcome = target.outcome(bars)
        assert outcome["value"].tail(target.horizon).null_count() == target.horizon
        assert outcome["observed"].all()


@pytest.mark.parametrize("target", [t for t in CASES if t.kind == "time_to_event"], ids=str)
def test_waiting_times_are_whole_and_censored_where_the_view_ends(target: Target, markets: dict[str, Bars]) -> None:
    for bars in markets.values():
        frame = target.outcome(bars).with_columns(left=pl.lit(len(bars) - 1) - pl.int_range(pl.len()))
        known = frame.filter(pl.col("value").is_not_null())
        seen = known.select(pl.min_horizontal("left", pl.lit(target.horizon)).cast(pl.Float64)).to_series()
        assert known["value"].is_between(1, seen).all()
        assert (known["value"] == known["value"].round()).all()
        assert 0 < known["observed"].sum() < known.height
        assert (known["value"] == seen).filter(~known["observed"]).all()
        assert frame.filter(pl.col("value").is_null())["observed"].all()
