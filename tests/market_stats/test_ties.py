"""Prices on a coarse tick: quiet bars tie more often, which is no direction."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.conditions.calendar_bin import CalendarBin
from quant_core.costs.settings import CostSpec
from quant_core.dimensions.hour import Hour
from quant_core.events.always_true import AlwaysTrue
from quant_core.market_stats import compute_market_stats
from quant_core.spec import MarketStatsSpec
from quant_core.splitters.single_split import SingleSplit
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.next_bearish import NextBearish
from quant_core.targets.next_bullish import NextBullish
from quant_core.targets.up_next_bar import UpNextBar
from quant_core.timeframes import Timeframe


def ticking_bars(n_days: int, seed: int) -> Bars:
    """Hours without direction whose size goes from a quarter of a tick at night to two ticks at noon."""
    rng = np.random.default_rng(seed)
    size = np.tile(0.25 + 1.75 * np.sin(np.pi * np.arange(24) / 24) ** 2, n_days)
    close = 1000 + np.round(np.cumsum(size * rng.standard_normal(size.size)))
    opens = np.append(1000.0, close[:-1])
    high, low = np.maximum(opens, close), np.minimum(opens, close)
    start = datetime(2020, 1, 6, tzinfo=UTC)
    return Bars.of(open=opens, high=high, low=low, close=close, start=start, timeframe=Timeframe.H1)


def claims(ties: str, seed: int) -> pl.DataFrame:
    spec = MarketStatsSpec(
        events=(AlwaysTrue(),),
        conditions=(CalendarBin(dimension=Hour()),),
        targets=(UpNextBar(ties=ties), ContinuationN(horizon_bars=3, ties=ties)),
        splitter=SingleSplit(0.5),
        n_min=100,
    )
    return compute_market_stats(ticking_bars(600, seed), spec).filter(pl.col("condition") != "all", split="train")


def test_quiet_hours_are_not_told_to_fall_unless_ties_are_failures() -> None:
    among_moves = pl.concat([claims("exclude", seed) for seed in range(8)])
    as_failures = pl.concat([claims("failure", seed) for seed in range(8)])
    assert (as_failures["verdict"] == "significant").mean() > 0.3, "the lab must be able to see the fault"
    assert (among_moves["verdict"] == "significant").sum() <= 2
    assert among_moves.filter(pl.col("p_value") <= 0.05).height <= 0.09 * among_moves.height
    assert among_moves.filter(pl.col("n") > 0)["tie_share"].max() > 0.5


def test_rates_of_up_and_down_among_moves_add_up_to_one() -> None:
    bars = ticking_bars(40, 3)
    spec = MarketStatsSpec(
        events=(AlwaysTrue(),),
        targets=(ContinuationN(), ContinuationN(direction="down"), NextBullish(), NextBearish()),
        splitter=SingleSplit(0.5),
        n_min=1,
    )
    rows = compute_market_stats(bars, spec).filter(split="train")
    rate = {r["target"].split("(")[0] + str("down" in r["target"]): r for r in rows.to_dicts()}
    for a, b in (("continuation_nFalse", "continuation_nTrue"), ("next_bullishFalse", "next_bearishFalse")):
        assert rate[a]["p_hat"] + rate[b]["p_hat"] == pytest.approx(1)
        assert rate[a]["tie_share"] == rate[b]["tie_share"] > 0
        assert rate[a]["hypothesis"] == rate[b]["hypothesis"]


def test_a_trade_that_ends_in_a_tie_owes_its_cost() -> None:
    """Up 1, tie, up 1, tie …: the trades that moved all win, yet the mean trade earns half of a win less the cost."""
    close = 100.0 + np.repeat(np.arange(200), 2)
    bars = Bars.of(close=close, start=datetime(2020, 1, 6, tzinfo=UTC), timeframe=Timeframe.H1)
    spec = MarketStatsSpec(
        events=(AlwaysTrue(),),
        targets=(UpNextBar(), UpNextBar(ties="failure")),
        splitter=SingleSplit(0.5),
        n_min=1,
        cost=CostSpec(round_trip_bps=1.0),
    )
    among_moves, all_bars = compute_market_stats(bars, spec).filter(split="train").sort("target").to_dicts()
    assert (among_moves["p_hat"], all_bars["p_hat"]) == (1.0, pytest.approx(0.5, abs=0.01))
    assert among_moves["tie_share"] == pytest.approx(0.5, abs=0.01)
    assert among_moves["net_mean_bps"] == all_bars["net_mean_bps"]
