"""For any bars: n_eff is at most n, no interval has zero width, verdicts are of tests alone, and ties are counted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.bars import Bars
from quant_core.seasonality import SeasonalityProfileSpec, compute_seasonality, compute_stability, profile_bars
from quant_core.timeframes import Timeframe
from tests.seasonality.worlds import bars_from_returns

METRICS = (
    "own_p_up", "next_p_up", "own_ret_mean", "next_ret_mean", "next_ret_std", "next_ret_p25", "next_ret_p50",
    "amp_mean", "amp_std", "amp_p50", "amp_p90", "p_reversal", "p_in_range", "n_runs",
)  # fmt: skip
SPEC = SeasonalityProfileSpec(dimensions=("is_news_hour",), metrics=METRICS, min_samples_bin=20)


@st.composite
def some_bars(draw: st.DrawFn) -> Bars:
    """Hours whose moves are steps of a tick, alternate in sign, stand still for long, or never move at all."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = draw(st.sampled_from([5, 100, 24 * 14, 24 * 60]))
    kind = draw(st.sampled_from(["ticks", "alternating", "frozen", "flat", "steady", "smooth"]))
    horizon = np.arange(n)
    returns = {
        "ticks": 0.001 * rng.integers(-1, 2, n),
        # Every hour falls on one day and rises on the next: clusters vary less than chance, so n_eff wants to exceed n.
        "alternating": 0.001 * np.where((horizon // 24) % 2 == 0, 1, -1) * np.where(horizon % 2 == 0, 1, -1),
        "frozen": np.where(horizon < n * 2 // 3, 0.0, rng.normal(0, 0.001, n)),
        "flat": np.zeros(n),
        "steady": np.full(n, 0.0001),
        "smooth": rng.normal(0, 0.001, n),
    }[kind]
    wick = draw(st.sampled_from([0.0, 0.001]))
    return bars_from_returns(returns, timeframe=Timeframe.H1, wick=wick)


@settings(max_examples=60, deadline=None)
@given(bars=some_bars(), horizon=st.sampled_from([1, 3]))
def test_the_columns_keep_their_promises_for_any_bars(bars: Bars, horizon: int) -> None:
    spec = SPEC.model_copy(update={"ret_horizon": horizon})
    rows = profile_bars(bars, spec)
    assert rows.filter(pl.col("n_eff") > pl.col("n")).is_empty()
    for frame in (rows, compute_stability(bars, spec)):
        assert frame.filter(pl.col("ci_low") >= pl.col("ci_high")).is_empty()
        assert frame.filter(pl.col("ci_low").is_null() != pl.col("ci_high").is_null()).is_empty()
        assert frame.filter(~pl.col("value").is_between("ci_low", "ci_high")).is_empty()
    assert rows.filter(pl.col("hdi_low") >= pl.col("hdi_high")).is_empty()
    # Found, not found and underpowered are words about a test.
    claims = rows.filter(pl.col("verdict").is_in(["significant", "not_significant", "underpowered"]))
    assert claims.select("p_value", "q_value").null_count().sum_horizontal().item() == 0
    described = rows.filter(pl.col("metric_name").is_in(["p_in_range", "n_runs"]))
    assert described.select("p_value", "q_value", "verdict").drop_nulls().is_empty()
    assert rows.filter(pl.col("tie_share").is_not_null())["metric_name"].is_in(["own_p_up", "next_p_up"]).all()


def test_alternating_days_would_be_worth_more_than_they_are() -> None:
    """The case in which design effects are under 1, for every kind of metric: n_eff stops at n."""
    n = 24 * 200
    hours = np.arange(n)
    returns = np.where((hours // 24) % 2 == 0, 1, -1) * (0.001 + 0.0005 * np.random.default_rng(2).random(n))
    rows = profile_bars(bars_from_returns(returns, timeframe=Timeframe.H1, wick=0.001), SPEC)
    means = rows.filter(pl.col("metric_name").is_in(["own_ret_mean", "next_ret_p50"]), pl.col("n_eff").is_not_null())
    assert (means["n_eff"] == means["n"]).any()
    assert (rows["n_eff"] <= rows["n"]).all(ignore_nulls=True)


def test_values_without_spread_have_neither_interval_nor_verdict_however_many_there_are() -> None:
    rows = profile_bars(bars_from_returns(np.zeros(24 * 100), timeframe=Timeframe.H1), SPEC)
    flat = rows.filter(pl.col("metric_name").is_in(["own_ret_mean", "next_ret_std", "next_ret_p25", "amp_mean"]))
    assert flat.filter(pl.col("n") < 20).is_empty()
    assert flat.select("ci_low", "ci_high", "p_value", "q_value", "mde", "verdict").drop_nulls().is_empty()
    assert flat["verdict"].null_count() == flat.height
    # Without a move there is no share of rises: too few of them, and every bar is a tie.
    rises = rows.filter(pl.col("metric_name") == "own_p_up")
    assert rises["n"].sum() == 0
    assert rises["tie_share"].unique().to_list() == [1.0]


def test_equal_values_up_to_rounding_have_no_interval() -> None:
    """Growth by 0.01 % an hour gives returns that differ in their last digit."""
    rows = profile_bars(bars_from_returns(np.full(24 * 100, 0.0001), timeframe=Timeframe.H1), SPEC)
    mean = rows.filter(pl.col("metric_name") == "own_ret_mean")
    assert mean["value"].to_list() == pytest.approx([0.0001] * mean.height)
    assert mean["ci_low"].null_count() == mean["ci_high"].null_count() == mean.height


def test_ties_are_counted_per_bin_by_hand() -> None:
    # Hours 0 to 3 of two days. Own moves: day 1: none before, up, tie, down; day 2 (hour 0 to 3): tie, up, tie, tie.
    close = [10.0, 11.0, 11.0, 10.0, *[10.0] * 20, 10.0, 12.0, 12.0, 12.0]
    spec = SeasonalityProfileSpec(by_dow=False, metrics=("own_p_up", "next_p_up", "own_ret_mean"))
    rows = compute_seasonality(Bars.of(close=close), spec).filter(pl.col("bin").is_in(["0", "1", "2", "3"]))
    own, after, mean = (
        rows.filter(metric_name=name).select("bin", "n", "value", "tie_share").rows()
        for name in ("own_p_up", "next_p_up", "own_ret_mean")
    )
    assert own == [("0", 0, None, 1.0), ("1", 2, 1.0, 0.0), ("2", 0, None, 1.0), ("3", 1, 0.0, 0.5)]
    # Next moves: hour 0: up, up; 1: tie, tie; 2: down, tie; 3: tie, and the last bar has no next one.
    assert after == [("0", 2, 1.0, 0.0), ("1", 0, None, 1.0), ("2", 1, 0.0, 0.5), ("3", 0, None, 1.0)]
    assert [share for *_, share in mean] == [None] * 4
    failures = profile_bars(
        Bars.of(close=close),
        SeasonalityProfileSpec(by_dow=False, metrics=({"name": "own_p_up", "ties": "failure"},)),
    )
    assert failures["tie_share"].null_count() == failures.height


def test_ties_do_not_depend_on_the_length_of_cells() -> None:
    """Minutes are summed in half hours for the hour and one by one for the minute of the session."""
    rng = np.random.default_rng(1)
    bars = bars_from_returns(0.001 * rng.integers(-1, 2, 5000), timeframe=Timeframe.M1)
    spec = SeasonalityProfileSpec(
        by_dow=False, dimensions=({"name": "minutes_from_session_open", "step_minutes": 60},), metrics=("own_p_up",)
    )
    one = profile_bars(bars, spec)
    hour, minutes = (one.filter(pl.col("dimension").str.starts_with(d))["tie_share"] for d in ("hour", "minutes"))
    assert hour.to_list() == minutes.to_list()
    moves = bars.frame.select(
        hour=pl.col("ts").dt.hour(), tied=pl.col("close") == pl.col("close").shift(1)
    ).drop_nulls()
    expected = moves.group_by("hour").agg(pl.col("tied").mean()).sort("hour")["tied"]
    assert hour.to_list() == pytest.approx(expected.to_list())
