"""The join to a higher timeframe: only completed higher bars, at every possible cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.bars import Bars
from quant_core.bars.higher_timeframe import higher_bars, join_higher
from quant_core.errors import ConfigError, DataContractError, UnknownNameError
from quant_core.timeframes import Timeframe


def random_bars(calendar: str, n: int, seed: int, kept_share: float = 1.0) -> Bars:
    rng = np.random.default_rng(seed)
    bars = Bars.of(
        close=list(rng.normal(100, 1, n)),
        start=datetime(2024, 3, 6, 3, tzinfo=UTC),
        timeframe=Timeframe.M30,
        calendar=calendar,
    )
    return bars.with_frame(bars.frame.filter(pl.Series(rng.random(n) < kept_share)))


CALENDARS = st.sampled_from(["always_open", "fx_24_5", "XNYS", "XTKS"])
HIGHER = st.sampled_from([Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1])
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(CALENDARS, HIGHER, SEEDS, st.integers(1, 300), st.sampled_from([0.5, 1.0]))
def test_never_looks_ahead_at_any_cut(calendar: str, higher: Timeframe, seed: int, cut: int, kept: float) -> None:
    bars = random_bars(calendar, 300, seed, kept)
    full = join_higher(bars, higher_bars(bars, higher).frame, ["open", "close"])
    early = bars.head(cut)
    assert join_higher(early, higher_bars(early, higher).frame, ["open", "close"]).equals(full.head(cut))


@settings(max_examples=30, deadline=None)
@given(CALENDARS, HIGHER, SEEDS)
def test_each_bar_sees_the_last_higher_bar_closed_by_then(calendar: str, higher: Timeframe, seed: int) -> None:
    bars = random_bars(calendar, 150, seed, 0.8)
    coarse = higher_bars(bars, higher).frame
    closed = list(zip(coarse["ts_close"].to_list(), coarse["close"].to_list(), strict=True))
    expected = [
        max(((at, value) for at, value in closed if at <= now), default=(None, None))[1]
        for now in bars.frame["ts_close"].to_list()
    ]
    assert join_higher(bars, coarse, ["close"])["close"].to_list() == expected


def test_the_bar_completed_at_this_very_close_is_seen_and_the_running_one_is_not() -> None:
    hours = Bars.of(close=[10.0, 11.0, 12.0, 13.0, 14.0])
    four_hours = pl.DataFrame(
        {
            "ts_close": [datetime(2024, 1, 1, 4, tzinfo=UTC), datetime(2024, 1, 1, 8, tzinfo=UTC)],
            "trend": ["up", "down"],
        },
        schema_overrides={"ts_close": pl.Datetime("us", "UTC")},
    )
    joined = join_higher(hours, four_hours, ["trend"])
    assert joined["trend"].to_list() == [None, None, None, "up", "up"]
    assert joined.columns == ["ts", "ts_close", "trend"]
    assert joined["ts"].equals(hours.frame["ts"])


def test_an_early_close_completes_the_higher_bar_early() -> None:
    bars = Bars.of(
        close=[float(i) for i in range(8)],
        start=datetime(2024, 11, 29, 14, 30, tzinfo=UTC),
        timeframe=Timeframe.M30,
        calendar="XNYS",
    )
    seen = join_higher(bars, higher_bars(bars, Timeframe.D1).frame, ["close"])["close"].to_list()
    assert seen == [None] * 6 + [6.0, 6.0]  # seven half hours until 13:00 local


def test_a_missing_column_and_a_reserved_one_are_refused() -> None:
    bars = Bars.of(close=[1.0])
    with pytest.raises(UnknownNameError, match="closed"):
        join_higher(bars, bars.frame, ["closed"])
    with pytest.raises(UnknownNameError, match="ts_close"):
        join_higher(bars, bars.frame.drop("ts_close"), ["close"])
    with pytest.raises(ConfigError, match="value columns"):
        join_higher(bars, bars.frame, ["ts"])


def test_disorder_and_repetition_are_refused() -> None:
    bars = Bars.of(close=[1.0, 2.0])
    with pytest.raises(DataContractError, match="higher rows"):
        join_higher(bars, bars.frame.reverse(), ["close"])
    with pytest.raises(DataContractError, match="higher rows"):
        join_higher(bars, pl.concat([bars.frame, bars.frame.tail(1)]), ["close"])
    with pytest.raises(DataContractError, match="bars ascending"):
        join_higher(bars.with_frame(bars.frame.reverse()), bars.frame, ["close"])


def test_higher_bars_that_start_later_leave_nulls_before() -> None:
    bars = Bars.of(close=[1.0, 2.0, 3.0])
    later = bars.frame.with_columns(pl.col("ts_close") + timedelta(hours=1))
    assert join_higher(bars, later, ["close"])["close"].to_list() == [None, 1.0, 2.0]
