"""Where the leak audit cuts: before moves, around gaps, after clock changes, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.leak_audit.cuts import cuts_of, random_cuts, telling_cuts
from quant_core.timeframes import Timeframe

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
NEW_YORK_SPRING = datetime(2024, 3, 10, 7, tzinfo=UTC)  # 02:00 in New York
LONDON_SPRING = datetime(2024, 3, 31, 1, tzinfo=UTC)


def flat(start: datetime, end: datetime, timeframe: Timeframe = Timeframe.H1) -> Bars:
    """Bars of a market that never closes and never moves."""
    n = int((end - start) / timeframe.duration)
    return Bars.of(close=[100.0] * n, start=start, timeframe=timeframe)


def closes_of(bars: Bars, *positions: int) -> list[datetime]:
    return [bars.frame["ts_close"][i] for i in positions]


@pytest.mark.parametrize(
    ("close", "before"),
    [
        ([100.0, 101.0, 103.0, 102.0, 90.0, 95.0, 95.0], [3, 4]),  # the fall to 90, the rise to 95
        ([1.0, 2.0, 300.0, 301.0, 301.0], [1]),  # relative to the price, so to 300; nothing falls
        ([-10.0, -5.0, -5.5, -5.5, -5.5], [0, 1]),  # a rise from -10 to -5, then a fall
        ([0.0, 5.0, 6.0, 6.0, 6.0], [1]),  # no move is relative to 0
        ([5.0, 5.0, 5.0], []),
    ],
)
def test_moves_are_cut_at_the_close_before_them(close: list[float], before: list[int]) -> None:
    bars = Bars.of(close=close)
    assert telling_cuts(bars, 1, seed=0) == closes_of(bars, *before)
    assert telling_cuts(bars, 7, seed=0) == closes_of(bars, *before)


def test_a_fourth_of_the_cuts_are_the_largest_rises_and_as_many_the_largest_falls() -> None:
    moves = [0.01, -0.01, 0.03, -0.03, 0.02, -0.02, 0.0]
    close = [100.0]
    for move in moves:
        close.append(close[-1] * (1 + move))
    bars = Bars.of(close=close)
    assert telling_cuts(bars, 8, seed=0) == closes_of(bars, 2, 3, 4, 5)
    assert telling_cuts(bars, 12, seed=0) == closes_of(bars, 0, 1, 2, 3, 4, 5)


def test_gaps_are_cut_on_both_sides_the_longest_first() -> None:
    whole = flat(NEW_YEAR, NEW_YEAR + timedelta(hours=30))
    bars = whole.with_frame(whole.frame.filter(~pl.col("ts").dt.hour().is_in([3, 9, 10]) | (pl.col("ts").dt.day() > 1)))
    short, long = [(3, 5), (9, 12)]  # last close before, first close after, hours of the day
    assert [c.hour for c in telling_cuts(bars, 4, seed=0)] == [*long]
    assert [c.hour for c in telling_cuts(bars, 8, seed=0)] == [*short, *long]
    assert telling_cuts(whole, 8, seed=0) == []


def test_the_last_close_is_no_cut() -> None:
    whole = flat(NEW_YEAR, NEW_YEAR + timedelta(hours=10))
    bars = whole.with_frame(whole.frame.filter(pl.col("ts").dt.hour() != 8))
    assert [c.hour for c in telling_cuts(bars, 4, seed=0)] == [8]


def test_a_day_after_a_clock_change_is_cut_every_hour() -> None:
    """Before it New York is five hours behind London, then four: two combinations, of which one begins in the data."""
    start = NEW_YORK_SPRING - timedelta(days=3)
    cuts = telling_cuts(flat(start, NEW_YORK_SPRING + timedelta(days=3)), 4, seed=0)
    first_day = [start + timedelta(hours=h) for h in range(1, 26)]
    changed = [NEW_YORK_SPRING + timedelta(hours=h) for h in range(26)]
    assert cuts == first_day + changed


def test_short_bars_are_cut_once_an_hour() -> None:
    start, end = NEW_YORK_SPRING - timedelta(hours=2), NEW_YORK_SPRING + timedelta(hours=3)
    bars = flat(start, end, Timeframe.M15)
    cuts = [c for c in telling_cuts(bars, 4, seed=0) if c >= NEW_YORK_SPRING]
    # The last close before it, the first bar's, and the first close of every later hour.
    minutes = [0, 15, 60, 120]
    assert cuts == [NEW_YORK_SPRING + timedelta(minutes=m) for m in minutes]


def test_weekly_bars_are_cut_on_both_sides_of_a_change() -> None:
    bars = Bars.of(close=[5.0] * 9, start=datetime(2024, 2, 12, tzinfo=UTC), timeframe=Timeframe.W1, calendar="fx_24_5")
    opens = bars.frame["ts"].to_list()
    new_york, london = (next(i for i, ts in enumerate(opens) if ts >= at) for at in (NEW_YORK_SPRING, LONDON_SPRING))
    gaps = telling_cuts(bars.with_frame(bars.frame.head(new_york)), 4, seed=0)
    expected = {*closes_of(bars, 0, 1, new_york - 1, new_york, london - 1, london), *gaps}
    assert set(telling_cuts(bars, 4, seed=0)) == expected - {bars.frame["ts_close"][-1]}


def test_one_beginning_of_each_combination_is_drawn_by_the_seed() -> None:
    bars = flat(datetime(2022, 3, 1, tzinfo=UTC), datetime(2025, 4, 10, tzinfo=UTC))
    found = {tuple(telling_cuts(bars, 4, seed)) for seed in range(12)}
    assert len(found) > 1
    for cuts in found:
        # Both on standard time, New York alone ahead of it, both ahead: three days of 26 instants.
        assert len(cuts) == 3 * 26
        assert len({(c - timedelta(minutes=30)).month for c in cuts} & {3, 10, 11}) >= 2
    assert telling_cuts(bars, 4, 5) == telling_cuts(bars, 4, 5)


def test_random_and_telling_cuts_come_in_order_each_once() -> None:
    bars = Bars.of(close=[100.0, 101.0, 103.0, 102.0, 90.0, 95.0, 95.0])
    random = random_cuts(bars.frame["ts_close"], 4, seed=2)
    cuts = cuts_of(bars, 4, seed=2)
    assert cuts == sorted({*random, *closes_of(bars, 3, 4)})
