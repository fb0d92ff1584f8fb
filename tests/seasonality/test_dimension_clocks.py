"""Clocks and calendars worked out by hand, above all around changes to and from daylight saving."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.calendars import calendar_of
from quant_core.seasonality._cells import CELL_MINUTES, cells_of, codes_of_cells, group_by_cell_length
from quant_core.seasonality.entries import resolve_dimension
from quant_core.timeframes import Timeframe


def hours(start: datetime, n: int, *, calendar: str = "always_open", minutes: int = 60) -> Bars:
    """Bars from a UTC instant on."""
    timeframe = {60: Timeframe.H1, 30: Timeframe.M30, 15: Timeframe.M15, 5: Timeframe.M5, 1: Timeframe.M1}[minutes]
    return Bars.of(close=[1.0] * n, start=start, timeframe=timeframe, calendar=calendar)


def at(*instants: datetime, calendar: str = "always_open", timeframe: Timeframe = Timeframe.M1) -> Bars:
    """One bar at each UTC instant."""
    bars = Bars.of(close=[1.0] * len(instants), timeframe=timeframe, calendar=calendar)
    ts = pl.Series("ts", instants, dtype=pl.Datetime("us", "UTC"))
    return bars.with_frame(
        bars.frame.with_columns(
            ts=ts, ts_close=ts.dt.offset_by("1m"), session_date=calendar_of(calendar).session_date(ts)
        )
    )


def test_new_york_skips_an_hour_in_march() -> None:
    # 2024-03-10: 06:00 UTC is 01:00 EST, 07:00 UTC is already 03:00 EDT.
    clock = resolve_dimension({"name": "hour", "zone": "America/New_York"})
    assert clock.labels(hours(datetime(2024, 3, 10, 5, tzinfo=UTC), 4)).to_list() == ["0", "1", "3", "4"]


def test_new_york_repeats_an_hour_in_november() -> None:
    # 2024-11-03: 05:00 UTC is 01:00 EDT, 06:00 UTC is 01:00 EST.
    clock = resolve_dimension({"name": "hour", "zone": "America/New_York"})
    assert clock.labels(hours(datetime(2024, 11, 3, 4, tzinfo=UTC), 4)).to_list() == ["0", "1", "1", "2"]


def test_london_and_new_york_are_four_hours_apart_between_their_clock_changes() -> None:
    bars = at(datetime(2024, 3, 20, 16, tzinfo=UTC), datetime(2024, 4, 3, 16, tzinfo=UTC))
    london = resolve_dimension({"name": "hour", "zone": "Europe/London"}).labels(bars).to_list()
    new_york = resolve_dimension({"name": "hour", "zone": "America/New_York"}).labels(bars).to_list()
    assert (london, new_york) == (["16", "17"], ["12", "12"])


def test_the_local_date_decides_the_weekday_and_the_month() -> None:
    # Monday 2024-04-01 02:00 UTC is Sunday 31 March, 22:00, in New York.
    bars = at(datetime(2024, 4, 1, 2, tzinfo=UTC))
    zone = "America/New_York"
    labels = [resolve_dimension({"name": n, "zone": zone}).labels(bars)[0] for n in ("dow", "month", "is_month_end")]
    assert labels == ["6", "3", "1"]


def test_a_zone_off_the_hour_needs_shorter_cells() -> None:
    # Kathmandu is UTC+5:45: the half hours there begin at :15 and :45 UTC.
    bars = hours(datetime(2024, 1, 1, tzinfo=UTC), 240, minutes=1)
    clock = resolve_dimension({"name": "half_hour", "zone": "Asia/Kathmandu"})
    assert codes_of_cells(clock, cells_of(bars, 30)) is None
    ((cells, _),) = group_by_cell_length([clock], bars)
    assert len(cells) == 240 // 15
    assert clock.labels(bars)[14:16].to_list() == ["05:30", "06:00"]


def test_fine_steps_from_the_open_need_the_finest_cells_that_fit() -> None:
    bars = hours(datetime(2024, 1, 1, tzinfo=UTC), 240, minutes=1)
    for step, expected in ((30, 8), (5, 48), (1, 240)):
        block = resolve_dimension({"name": "minutes_from_session_open", "step_minutes": step})
        ((cells, _),) = group_by_cell_length([block], bars)
        assert len(cells) == expected
    assert CELL_MINUTES[-1] == 1


def test_minutes_from_the_open_follow_the_exchange_through_daylight_saving() -> None:
    # The open is 09:30 in New York: 14:30 UTC in winter, 13:30 UTC in summer.
    winter, summer = datetime(2024, 3, 8, 14, 30, tzinfo=UTC), datetime(2024, 3, 11, 13, 30, tzinfo=UTC)
    bars = at(winter, summer, calendar="XNYS")
    assert resolve_dimension("minutes_from_session_open").labels(bars).to_list() == ["0", "0"]
    assert resolve_dimension("hour").labels(bars).to_list() == ["14", "13"]


def test_bars_outside_the_session_have_no_minutes_from_the_open() -> None:
    # On 2024-07-03 XNYS closes at 13:00, which is 17:00 UTC.
    bars = at(
        datetime(2024, 7, 3, 13, 29, tzinfo=UTC),
        datetime(2024, 7, 3, 16, 59, tzinfo=UTC),
        datetime(2024, 7, 3, 17, tzinfo=UTC),
        calendar="XNYS",
    )
    assert resolve_dimension("minutes_from_session_open").labels(bars).to_list() == [None, "180", None]


def test_sunday_evening_of_fx_is_monday_for_the_session_and_sunday_for_utc() -> None:
    bars = at(datetime(2024, 7, 7, 22, tzinfo=UTC), calendar="fx_24_5")
    assert resolve_dimension("dow").labels(bars).to_list() == ["0"]
    assert resolve_dimension("dow(zone=utc)").labels(bars).to_list() == ["6"]


def test_daily_bars_take_the_session_not_the_evening_on_which_it_opens() -> None:
    # Sydney's Monday session opens on Sunday evening UTC.
    bars = at(datetime(2024, 7, 7, 23, 59, tzinfo=UTC), calendar="XASX", timeframe=Timeframe.D1)
    bars = bars.with_frame(bars.frame.with_columns(session_date=pl.lit(datetime(2024, 7, 8, tzinfo=UTC).date())))
    assert resolve_dimension("dow").labels(bars).to_list() == ["0"]


@pytest.mark.parametrize(
    ("day", "turn", "trading_day", "eve"),
    [
        (datetime(2024, 8, 29, 15, tzinfo=UTC), "rest", "-2", "0"),
        (datetime(2024, 8, 30, 15, tzinfo=UTC), "turn", "-1", "1"),  # Friday before Labor Day
        (datetime(2024, 9, 3, 15, tzinfo=UTC), "turn", "1", "0"),
        (datetime(2024, 9, 5, 15, tzinfo=UTC), "turn", "3", "0"),
        (datetime(2024, 9, 6, 15, tzinfo=UTC), "rest", "middle", "0"),
        (datetime(2024, 7, 3, 15, tzinfo=UTC), "turn", "3", "1"),  # before Independence Day
        (datetime(2024, 7, 5, 15, tzinfo=UTC), "rest", "middle", "0"),  # a weekend is no holiday
    ],
)
def test_trading_days_count_sessions_and_skip_labor_day(day: datetime, turn: str, trading_day: str, eve: str) -> None:
    bars = at(day, calendar="XNYS")
    names = ("turn_of_month", {"name": "trading_day_of_month", "k": 3}, "holiday_eve")
    assert [resolve_dimension(n).labels(bars)[0] for n in names] == [turn, trading_day, eve]


def test_last_days_count_calendar_days_or_sessions() -> None:
    # August 2024 ends on Saturday the 31st; its last session is Friday the 30th.
    bars = at(datetime(2024, 8, 30, 15, tzinfo=UTC), calendar="XNYS")
    flags = {n: resolve_dimension(n).labels(bars)[0] for n in ("last_1", "last_2")}
    business = resolve_dimension({"name": "last_1", "basis": "business"}).labels(bars)[0]
    assert (flags, business) == ({"last_1": "0", "last_2": "1"}, "1")


def test_a_hole_at_the_end_of_the_month_does_not_move_the_last_trading_day() -> None:
    # The data end on 28 August: that day is the third from the end, not the last.
    bars = at(datetime(2024, 8, 27, 15, tzinfo=UTC), datetime(2024, 8, 28, 15, tzinfo=UTC), calendar="XNYS")
    assert resolve_dimension("trading_day_of_month").labels(bars).to_list() == ["-4", "-3"]


def test_the_whole_roll_day_is_flagged_and_the_first_day_is_unknown() -> None:
    bars = hours(datetime(2024, 1, 1, tzinfo=UTC), 72)
    contract = ["H4"] * 30 + ["M4"] * 42  # the roll happens in the middle of day 2, so day 3 starts with it
    bars = bars.with_frame(bars.frame.with_columns(roll_id=pl.Series(contract)))
    assert resolve_dimension("is_rollover_day").labels(bars).to_list() == [None] * 24 + ["0"] * 24 + ["1"] * 24


def test_news_hours_in_new_york_time_do_not_move_with_daylight_saving() -> None:
    bars = at(datetime(2024, 1, 5, 13, 30, tzinfo=UTC), datetime(2024, 7, 5, 12, 30, tzinfo=UTC))
    news = resolve_dimension({"name": "is_news_hour", "zone": "America/New_York", "hours": (8,)})
    assert news.labels(bars).to_list() == ["1", "1"]
    assert resolve_dimension("is_news_hour").labels(bars).to_list() == ["1", "0"]
