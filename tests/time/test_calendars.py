"""Calendars against the exchange library's own answers, zoneinfo and published closing times."""

from __future__ import annotations

import importlib
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.calendars import FIRST_DATE, LAST_DATE, Calendar, calendar_of
from quant_core.calendars._exchange import exchange_codes
from quant_core.errors import ConfigError
from quant_core.timeframes import Timeframe

NEW_YORK = ZoneInfo("America/New_York")
INSTANT = pl.Datetime("us", "UTC")
# Hypothesis draws clock times without a zone; the tests read them as UTC.
NAIVE_1990, NAIVE_2015, NAIVE_2025, NAIVE_2060 = (
    datetime.fromisoformat(f"{y}-01-01") for y in (1990, 2015, 2025, 2060)
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


def column(*instants: datetime) -> pl.Series:
    return pl.Series("ts", list(instants), dtype=INSTANT)


def library_calendar(code: str, start: str = "2006-01-01") -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("exchange_calendars").get_calendar(code, start=start, end="2025-12-31")


@pytest.mark.parametrize("code", ["XNYS", "XLON", "XBOM", "XTKS", "XHKG", "CMES", "XSAU"])
def test_sessions_are_the_librarys(code: str) -> None:
    library = library_calendar(code, "2021-01-01" if code == "XSAU" else "2006-01-01")
    first, last = library.first_session.date(), library.last_session.date()
    ours = calendar_of(code).sessions(first, last)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pl.DataFrame(
            {
                "session_date": [s.date() for s in library.sessions],
                "open": list(library.opens.dt.to_pydatetime()),
                "close": list(library.closes.dt.to_pydatetime()),
            },
            schema={"session_date": pl.Date, "open": INSTANT, "close": INSTANT},
        )
    assert ours.equals(theirs)


@pytest.mark.parametrize("code", ["XNYS", "XLON", "XTKS"])
def test_trading_minutes_are_the_librarys(code: str) -> None:
    library = library_calendar(code)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        minutes = library.minutes_in_range("2019-01-01 00:00", "2020-12-31 23:59")
        dates = [s.date() for s in library.minutes_to_sessions(minutes)]
    theirs = pl.Series("ts", minutes.tz_localize(None).to_numpy().astype("datetime64[us]")).dt.replace_time_zone("UTC")
    ours = calendar_of(code)
    assert ours.expected_opens(Timeframe.M1, utc(2019, 1, 1), utc(2020, 12, 31, 23, 59)).equals(theirs)
    assert ours.in_session(theirs).all()
    assert ours.session_date(theirs).to_list() == dates


@pytest.mark.parametrize(
    ("code", "day", "local_close"),
    [
        ("XNYS", date(2024, 7, 3), "13:00"),
        ("XNYS", date(2024, 11, 29), "13:00"),
        ("XNYS", date(2024, 12, 24), "13:00"),
        ("XNYS", date(2024, 12, 26), "16:00"),
        ("XLON", date(2024, 12, 24), "12:30"),
        ("XLON", date(2024, 12, 31), "12:30"),
        ("XNYS(04:00-20:00)", date(2024, 11, 29), "17:00"),
        ("XNYS(04:00-20:00)", date(2024, 12, 26), "20:00"),
        ("XNYS(20:00-20:00)", date(2024, 12, 26), "20:00"),
    ],
)
def test_published_closing_times_hold(code: str, day: date, local_close: str) -> None:
    calendar = calendar_of(code)
    close = calendar.local_time(calendar.sessions(day, day)["close"])[0]
    assert close.strftime("%Y-%m-%d %H:%M") == f"{day} {local_close}"


def test_extended_hours_open_before_the_session_and_may_start_the_day_before() -> None:
    day = date(2024, 7, 1)
    opens = [calendar_of(f"XNYS({hours})").sessions(day, day)["open"][0] for hours in ("04:00-20:00", "20:00-20:00")]
    assert opens == [utc(2024, 7, 1, 8), utc(2024, 7, 1, 0)]


@pytest.mark.parametrize(
    ("calendar", "day", "opens", "closes"),
    [
        # Fridays close on the old clock, Mondays open on the new one.
        ("fx_24_5", date(2024, 3, 8), utc(2024, 3, 7, 22), utc(2024, 3, 8, 22)),
        ("fx_24_5", date(2024, 3, 11), utc(2024, 3, 10, 21), utc(2024, 3, 11, 21)),
        ("fx_24_5", date(2024, 11, 1), utc(2024, 10, 31, 21), utc(2024, 11, 1, 21)),
        ("fx_24_5", date(2024, 11, 4), utc(2024, 11, 3, 22), utc(2024, 11, 4, 22)),
        # Europe's changes move London, not New York.
        ("fx_24_5", date(2024, 4, 1), utc(2024, 3, 31, 21), utc(2024, 4, 1, 21)),
        ("fx_24_5", date(2024, 10, 28), utc(2024, 10, 27, 21), utc(2024, 10, 28, 21)),
        ("XLON", date(2024, 3, 28), utc(2024, 3, 28, 8), utc(2024, 3, 28, 16, 30)),
        ("XLON", date(2024, 4, 2), utc(2024, 4, 2, 7), utc(2024, 4, 2, 15, 30)),
        ("XLON", date(2024, 10, 28), utc(2024, 10, 28, 8), utc(2024, 10, 28, 16, 30)),
        ("XNYS", date(2024, 3, 8), utc(2024, 3, 8, 14, 30), utc(2024, 3, 8, 21)),
        ("XNYS", date(2024, 3, 11), utc(2024, 3, 11, 13, 30), utc(2024, 3, 11, 20)),
        ("XNYS", date(2024, 11, 4), utc(2024, 11, 4, 14, 30), utc(2024, 11, 4, 21)),
    ],
)
def test_clock_changes_move_sessions_in_utc(calendar: str, day: date, opens: datetime, closes: datetime) -> None:
    assert calendar_of(calendar).sessions(day, day).row(0) == (day, opens, closes)


def test_a_2040_clock_change_is_known() -> None:
    monday = calendar_of("fx_24_5").sessions(date(2040, 3, 12), date(2040, 3, 12))
    assert monday["open"][0] == datetime(2040, 3, 11, 17, tzinfo=NEW_YORK)


@settings(max_examples=300, deadline=None)
@given(st.datetimes(NAIVE_1990, NAIVE_2060))
def test_fx_session_is_the_new_york_date_that_ends_at_17(naive: datetime) -> None:
    instant = naive.replace(tzinfo=UTC)
    local = instant.astimezone(NEW_YORK)
    day = local.date() + timedelta(days=local.hour >= 17)
    weekend = day.weekday() >= 5
    expected = day + timedelta(days=7 - day.weekday()) if weekend else day
    fx = calendar_of("fx_24_5")
    assert fx.session_date(column(instant))[0] == expected
    assert fx.in_session(column(instant))[0] is not weekend


@settings(max_examples=200, deadline=None)
@given(st.datetimes(NAIVE_2015, NAIVE_2025), st.sampled_from(list(Timeframe)))
def test_bins_hold_their_instant_and_start_where_a_bar_is_expected(naive: datetime, timeframe: Timeframe) -> None:
    xnys, instant = calendar_of("XNYS"), naive.replace(tzinfo=UTC)
    ts = column(instant)
    low, high = xnys.bins(ts, timeframe).row(0)
    assert instant < high
    if xnys.in_session(ts)[0]:
        assert low <= instant
        assert low in xnys.expected_opens(timeframe, low, low).to_list()
    if timeframe.is_intraday:
        assert low <= instant
        assert timedelta(0) < high - low <= timeframe.duration


@pytest.mark.parametrize("code", ["XNYS", "XTKS", "fx_24_5", "always_open", "XNYS(04:00-20:00)"])
@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_the_expected_count_of_a_week_is_the_number_of_expected_opens(code: str, timeframe: Timeframe) -> None:
    calendar = calendar_of(code)
    weeks = calendar.bins(column(utc(2024, 11, 27, 15), utc(2025, 1, 2, 15), utc(2024, 3, 11, 15)), Timeframe.W1)
    opens = [len(calendar.expected_opens(timeframe, a, b - timedelta(microseconds=1))) for a, b in weeks.rows()]
    assert calendar.n_expected(weeks, timeframe).to_list() == opens


def test_bars_inside_a_lunch_break_are_not_expected() -> None:
    day = utc(2024, 6, 3), utc(2024, 6, 3, 23)
    tokyo = calendar_of("XTKS")  # 09:00-11:30 and 12:30-15:00 local, UTC+9
    assert len(tokyo.expected_opens(Timeframe.M1, *day)) == 300
    half_hours = [t.strftime("%H:%M") for t in tokyo.expected_opens(Timeframe.M30, *day)]
    assert half_hours == ["00:00", "00:30", "01:00", "01:30", "02:00", "03:30", "04:00", "04:30", "05:00", "05:30"]
    assert tokyo.in_session(
        column(utc(2024, 6, 3, 2, 29), utc(2024, 6, 3, 2, 30), utc(2024, 6, 3, 3, 30))
    ).to_list() == [
        True,
        False,
        True,
    ]


def test_bar_close_is_cut_only_where_the_market_pauses() -> None:
    late = column(utc(2024, 6, 3, 20, 0), utc(2024, 6, 7, 20, 0))  # an hour before 17:00 New York, Monday and Friday
    assert calendar_of("fx_24_5").bar_close(late, Timeframe.H4).to_list() == [utc(2024, 6, 4, 0), utc(2024, 6, 7, 21)]
    before_open = column(utc(2024, 6, 3, 13, 0))
    assert calendar_of("XNYS").bar_close(before_open, Timeframe.H1)[0] == utc(2024, 6, 3, 14, 0)


def test_bar_close_of_sessions_and_weeks() -> None:
    ts = column(utc(2024, 12, 30, 14, 30))  # New Year is closed; the week ends on Friday the 3rd
    xnys = calendar_of("XNYS")
    assert xnys.bar_close(ts, Timeframe.D1)[0] == utc(2024, 12, 30, 21)
    assert xnys.bar_close(ts, Timeframe.W1)[0] == utc(2025, 1, 3, 21)
    assert calendar_of("always_open").bar_close(ts, Timeframe.W1)[0] == utc(2025, 1, 6)


def test_bars_outside_sessions_follow_the_stated_rule() -> None:
    xnys = calendar_of("XNYS")
    after_close, holiday, saturday_night = utc(2024, 7, 3, 18), utc(2024, 7, 4, 15), utc(2024, 7, 7, 3)
    dates = xnys.session_date(column(after_close, holiday, saturday_night)).to_list()
    assert dates == [date(2024, 7, 5), date(2024, 7, 4), date(2024, 7, 8)]
    fx = calendar_of("fx_24_5").day_bounds(pl.Series([date(2024, 7, 6), date(2024, 7, 7), date(2024, 7, 8)]))
    assert fx["session_date"].to_list() == [date(2024, 7, 8)] * 3
    assert fx["is_session"].to_list() == [False, False, True]
    assert fx["ts"].n_unique() == 3


def test_daily_dates_become_session_bounds_back_to_1927() -> None:
    rows = calendar_of("XNYS").day_bounds(pl.Series([date(1927, 12, 30), date(1927, 12, 31), date(1885, 6, 1)]))
    assert rows["ts"].dt.convert_time_zone("America/New_York").dt.strftime("%H:%M").to_list() == ["09:30"] * 3
    assert rows["is_session"].to_list() == [True, False, True]
    assert rows["session_date"].to_list() == [date(1927, 12, 30), date(1927, 12, 31), date(1885, 6, 1)]


def test_weekdays_follow_the_librarys_last_year() -> None:
    christmas = calendar_of("XNYS").sessions(date(2050, 12, 24), date(2050, 12, 31))["session_date"].to_list()
    assert date(2050, 12, 26) not in christmas  # Christmas observed, still inside the library's range
    beyond = calendar_of("XNYS").sessions(date(2051, 12, 25), date(2051, 12, 25))
    assert beyond.height == 1


@pytest.mark.parametrize(
    ("code", "timeframe", "low", "high"),
    [
        ("XNYS", Timeframe.D1, 251.6, 251.7),
        ("XNYS", Timeframe.H4, 500.0, 503.3),
        ("XNYS", Timeframe.W1, 52.17, 52.19),
        ("fx_24_5", Timeframe.H1, 6260.4, 6260.4),
        ("always_open", Timeframe.W1, 365.25 / 7 - 1e-9, 365.25 / 7 + 1e-9),
        ("always_open", Timeframe.M1, 365.25 * 1440, 365.25 * 1440),
        ("24/7", Timeframe.D1, 365.25, 365.25),
    ],
)
def test_periods_per_year_come_from_the_sessions(code: str, timeframe: Timeframe, low: float, high: float) -> None:
    assert low <= calendar_of(code).periods_per_year(timeframe) <= high


def test_an_empty_column_stays_empty() -> None:
    xnys = calendar_of("XNYS")
    assert xnys.session_date(column()).len() == 0
    assert xnys.bins(column(), Timeframe.H4).height == 0
    assert xnys.day_bounds(pl.Series([], dtype=pl.Date)).height == 0


def test_new_york_sessions_are_the_dates_of_the_sp500_since_1927() -> None:
    file = Path(__file__).parents[2].parent / "shared/data/equity/yahoo_GSPC_d1_1927.csv.gz"
    if not file.exists():
        pytest.skip(f"the reference data folder has no {file.name}")
    dates = pl.read_csv(file, columns=["Date"])["Date"].str.to_date()
    ours = calendar_of("XNYS").sessions(dates[0], dates[-1])["session_date"]
    assert dates[0] == date(1927, 12, 30)
    assert ours.to_list() == dates.to_list()


@pytest.mark.slow
def test_every_exchange_of_the_library_gives_ordered_sessions_or_says_why_not() -> None:
    refused: list[str] = []
    for code in sorted(set(exchange_codes().values())):
        try:
            calendar: Calendar = calendar_of(code)
        except ConfigError as error:
            refused.append(str(error))
            continue
        spans = calendar._spans
        assert (spans.open < spans.close).all(), code
        assert (spans.open[1:] >= spans.close[:-1]).all(), code
        assert np.isin(calendar.sessions(FIRST_DATE, LAST_DATE)["session_date"].dt.weekday(), range(1, 8)).all()
    assert all("cannot be built by exchange_calendars" in text for text in refused)
    assert len(refused) <= 5, refused
