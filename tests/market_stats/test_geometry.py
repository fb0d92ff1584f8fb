"""What a driftless walk shows by its geometry is described and not tested."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.conditions.calendar_bin import CalendarBin
from quant_core.dimensions.hour import Hour
from quant_core.events.always_true import AlwaysTrue
from quant_core.events.breakout_hhll import BreakoutHhll
from quant_core.events.new_high_n import NewHighN
from quant_core.market_stats import compute_market_stats
from quant_core.profile_metrics import PROFILE_METRICS
from quant_core.seasonality import SeasonalityProfileSpec, profile_bars
from quant_core.spec import MarketStatsSpec
from quant_core.splitters.single_split import SingleSplit
from quant_core.targets import TARGETS
from quant_core.targets.touch_up_before_down import TouchUpBeforeDown
from quant_core.timeframes import Timeframe

BINARY = tuple(t() for t in TARGETS.values() if t().kind == "binary")


def walk_by_the_clock(n_days: int, seed: int) -> Bars:
    """Hours of a driftless walk, four times as wild at noon as at night; highs and lows of six steps per hour."""
    rng = np.random.default_rng(seed)
    size = np.repeat(np.tile(0.5 + 1.5 * np.sin(np.pi * np.arange(24) / 24) ** 2, n_days), 6)
    path = 10_000 + np.cumsum(size * rng.standard_normal(size.size)).reshape(-1, 6)
    opens = np.append(10_000.0, path[:-1, -1])
    high, low = np.maximum(path.max(axis=1), opens), np.minimum(path.min(axis=1), opens)
    return Bars.of(
        open=opens,
        high=high,
        low=low,
        close=path[:, -1],
        start=datetime(2018, 1, 1, tzinfo=UTC),
        timeframe=Timeframe.H1,
    )


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    spec = MarketStatsSpec(
        events=(AlwaysTrue(), NewHighN(), BreakoutHhll()),
        conditions=(CalendarBin(dimension=Hour()),),
        targets=BINARY,
        splitter=SingleSplit(0.5),
        n_min=100,
    )
    return pl.concat([compute_market_stats(walk_by_the_clock(500, s), spec).with_columns(world=s) for s in range(4)])


def geometric(rows: pl.DataFrame, *, is_geometric: bool) -> pl.DataFrame:
    names = [t.canonical for t in BINARY if t.is_geometric == is_geometric]
    assert names
    return rows.filter(pl.col("target").is_in(names))


def test_geometric_rates_are_described_without_verdict(rows: pl.DataFrame) -> None:
    described = geometric(rows, is_geometric=True)
    assert described.select(pl.col("p_value", "q_value", "mde", "verdict").is_null().all()).row(0) == (True,) * 4
    assert described.filter(pl.col("n") > 0)["ci_low"].null_count() == 0
    # They differ from the baseline far beyond their intervals: a test against all bars would find them all.
    far = described.filter(
        pl.col("n") >= 300,
        ~pl.col("baseline").is_between("ci_low", "ci_high"),
        pl.col("event") != AlwaysTrue().canonical,
    )
    assert far.height > 20


def test_what_is_still_tested_finds_no_edge_in_the_walk(rows: pl.DataFrame) -> None:
    tested = geometric(rows, is_geometric=False).filter(pl.col("q_value").is_not_null())
    assert tested.height > 200
    assert (tested["verdict"] == "significant").sum() <= 2
    size = tested.group_by("target").agg((pl.col("p_value") <= 0.05).mean())
    assert size["p_value"].max() <= 0.12
    assert TouchUpBeforeDown().canonical in tested["target"].to_list()


def test_seasonal_breakouts_are_described_and_volatility_is_a_finding() -> None:
    metrics = ("p_breakout_up", "p_breakout_down", "p_in_range", "next_p_up", "amp_mean")
    rows = profile_bars(walk_by_the_clock(400, 9), SeasonalityProfileSpec(by_dow=False, metrics=metrics))
    found = rows.group_by("metric_name").agg((pl.col("verdict") == "significant").sum(), pl.col("p_value").count())
    by_name = {name: (verdicts, tests) for name, verdicts, tests in found.iter_rows()}
    assert all(by_name[name] == (0, 0) for name in metrics[:3])
    assert by_name["next_p_up"][0] == 0
    assert by_name["amp_mean"][0] > 10
    described = rows.filter(pl.col("metric_name") == "p_breakout_up")
    assert described["value"].max() > 2 * described["value"].min()
    assert described["ci_low"].null_count() == 0


def test_no_block_outside_these_is_geometric() -> None:
    assert {name for name, t in TARGETS.items() if t().is_geometric} == {
        "breakout_high_first",
        "breakout_low_first",
        "retracement",
    }
    assert {name for name, m in PROFILE_METRICS.items() if m().is_geometric} == {
        "p_breakout_up",
        "p_breakout_down",
        "p_in_range",
    }
