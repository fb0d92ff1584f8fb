"""Bins, pauses, counts and weeks of small calendars, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from quant_core.calendars import Calendar
from quant_core.calendars._columns import day_number
from quant_core.calendars._days import MINUTE_US, DayTable
from quant_core.errors import DataContractError
from quant_core.timeframes import Timeframe
from tests.time.small_calendars import CALLED_OFF, SESSIONS, at, bins, column, days_of, planned, row, shown

M1, M30, H1, H4, D1, W1 = (Timeframe(t) for t in ("M1", "M30", "H1", "H4", "D1", "W1"))


@pytest.fixture(scope="module")
def days() -> DayTable:
    return planned(days_of(9 * 60, 15 * 60), SESSIONS, CALLED_OFF)


@pytest.fixture(scope="module")
def small(days: DayTable) -> Calendar:
    return Calendar("small", "UTC", days)


@pytest.fixture(scope="module")
def overnight() -> Calendar:
    """22:00 to 22:00 of Monday 4 March to Friday and of the next Monday and Tuesday: sessions touch."""
    days = days_of(-2 * 60, 22 * 60)
    days.is_session[[row(f"03-{day:02}") for day in (4, 5, 6, 7, 8, 11, 12)]] = True
    return Calendar("overnight", "UTC", days)


@pytest.mark.parametrize(
    ("text", "owner", "trades"),
    [
        ("03-04 08:59", "03-04", False),
        ("03-04 09:00", "03-04", True),
        ("03-04 11:29", "03-04", True),
        ("03-04 11:30", "03-04", False),  # the pause holds its first instant and not its last
        ("03-04 12:29", "03-04", False),
        ("03-04 12:30", "03-04", True),
        ("03-04 14:59", "03-04", True),
        ("03-04 15:00", "03-06", False),  # after the close; Tuesday has no session
        ("03-05 08:59", "03-06", False),
        ("03-05 09:00", "03-05", False),  # regular hours of a holiday are its own
        ("03-05 14:59", "03-05", False),
        ("03-05 15:00", "03-06", False),
        ("03-06 10:59", "03-06", True),
        ("03-06 11:00", "03-07", False),
        ("03-08 10:00", "03-08", False),
        ("03-09 03:00", "03-12", False),
        ("03-18 15:00", "03-18", True),  # a break of no length pauses nothing
        ("03-25 10:19", "03-25", True),
    ],
)
def test_each_instant_has_one_date_and_trades_or_not(small: Calendar, text: str, owner: str, trades: bool) -> None:
    assert small.session_date(column(text)).dt.strftime("%m-%d").to_list() == [owner]
    assert small.in_session(column(text)).to_list() == [trades]


def test_instants_are_placed_from_the_first_open_to_the_last_close(small: Calendar) -> None:
    # The first date has no neighbor before it, so that nobody knows whether its hours stand alone.
    low, high = at("1800-01-02 09:00"), at("03-25 10:20")
    instant = timedelta(microseconds=1)
    ends = pl.Series("ts", [low, high - instant], dtype=pl.Datetime("us", "UTC"))
    assert small.session_date(ends).to_list() == [date(1800, 1, 2), date(2024, 3, 25)]
    for beyond in (low - instant, high):
        with pytest.raises(DataContractError, match="expected instants from"):
            small.session_date(pl.Series("ts", [beyond], dtype=pl.Datetime("us", "UTC")))


@pytest.mark.parametrize(
    ("timeframe", "text", "low", "high"),
    [
        (H4, "03-04 09:00", "03-04 09:00", "03-04 13:00"),
        (H4, "03-04 12:59", "03-04 09:00", "03-04 13:00"),
        (H4, "03-04 13:00", "03-04 13:00", "03-04 15:00"),  # cut at the close
        (H4, "03-06 09:30", "03-06 09:00", "03-06 11:00"),
        (M30, "03-25 10:10", "03-25 10:00", "03-25 10:20"),
        # Before a session bins count back from its open, and after one they begin at its close.
        (H4, "03-06 12:00", "03-06 11:00", "03-06 13:00"),
        (H4, "03-07 02:00", "03-07 01:00", "03-07 05:00"),
        (H4, "03-07 08:59", "03-07 05:00", "03-07 09:00"),
        # Tuesday opens at 10:00, so its grid before Monday's hours, a day without a session, is 02:00, 06:00, cut at 9.
        (H4, "03-11 07:00", "03-11 06:00", "03-11 09:00"),
        (H4, "03-10 16:00", "03-10 15:00", "03-10 18:00"),
        (H4, "03-11 14:00", "03-11 13:00", "03-11 15:00"),  # a day without a session has its own grid
        (H4, "1800-01-02 16:00", "01-02 15:00", "01-02 17:00"),  # behind the very first span
        (D1, "03-06 10:00", "03-06 09:00", "03-06 11:00"),
        (D1, "03-05 10:00", "03-05 09:00", "03-05 15:00"),
        (D1, "03-04 15:00", "03-06 09:00", "03-06 11:00"),
        (W1, "02-26 10:00", "02-26 09:00", "02-26 15:00"),
        # Nobody knew before Sunday's regular close that Thursday had ended the week; Monday's is of the next week.
        (W1, "03-04 10:00", "03-04 09:00", "03-10 15:00"),
        (W1, "03-05 10:00", "03-04 09:00", "03-10 15:00"),
        (W1, "03-07 14:00", "03-04 09:00", "03-10 15:00"),
        # A day after the week's last session belongs to the next week, which a Monday called off does not lengthen.
        (W1, "03-08 10:00", "03-12 10:00", "03-17 15:00"),
        (W1, "03-12 10:00", "03-12 10:00", "03-17 15:00"),
        (W1, "03-17 10:00", "03-12 10:00", "03-17 15:00"),
        (W1, "03-18 10:00", "03-18 09:00", "03-18 16:00"),
        (W1, "03-19 10:00", "03-25 09:00", "03-25 10:20"),
    ],
)
def test_bins_by_hand(small: Calendar, timeframe: Timeframe, text: str, low: str, high: str) -> None:
    assert bins(small, timeframe, text) == [(low, high)]


def test_a_week_of_nothing_called_off_ends_with_its_last_session(days: DayTable) -> None:
    kept = Calendar("kept", "UTC", replace(days, was_planned=days.is_session))
    assert bins(kept, W1, "03-04 10:00", "03-08 10:00") == [
        ("03-04 09:00", "03-07 15:00"),
        ("03-12 10:00", "03-17 15:00"),
    ]


@pytest.mark.parametrize(
    ("text", "close"),
    [
        ("03-04 10:00", "03-04 14:00"),
        ("03-04 12:00", "03-04 15:00"),  # cut at the close
        ("03-06 10:00", "03-06 11:00"),
        ("03-06 08:00", "03-06 12:00"),  # what opened before the session is not cut
        ("03-05 14:00", "03-05 18:00"),  # nor what opened on a day without one
        ("03-25 10:00", "03-25 10:20"),  # nothing follows the last session
    ],
)
def test_bars_are_cut_where_the_market_pauses(small: Calendar, text: str, close: str) -> None:
    assert shown(small.bar_close(column(text), H4)) == [close]


def test_bars_across_the_close_go_on_where_the_next_session_begins_then(overnight: Calendar) -> None:
    texts = ("03-04 21:00", "03-07 21:00", "03-08 21:00", "03-11 21:00", "03-12 21:00")
    closes = ["03-05 01:00", "03-08 01:00", "03-08 22:00", "03-12 01:00", "03-12 22:00"]
    assert shown(overnight.bar_close(column(*texts), H4)) == closes


def test_markets_whose_days_touch_have_no_days_without_a_session(overnight: Calendar) -> None:
    owners = overnight.session_date(column("03-08 21:59", "03-08 22:00", "03-09 12:00", "03-10 22:00"))
    assert owners.dt.day().to_list() == [8, 11, 11, 11]
    assert bins(overnight, D1, "03-09 12:00") == [("03-10 22:00", "03-11 22:00")]
    assert bins(overnight, W1, "03-04 12:00", "03-09 12:00") == [
        ("03-03 22:00", "03-08 22:00"),
        ("03-10 22:00", "03-12 22:00"),
    ]


# Bars of one session and of whole weeks. Of a whole session: 6 hours, of them an hour's pause that holds two half
# hours and no full one; two bars of four hours; Tuesday has an hour less; Monday the 18th 7 hours and no pause.
COUNTS = {
    M1: {"03-04": 300, "03-06": 120, "03-12": 240, "03-18": 420, "03-25": 80},
    M30: {"03-04": 10, "03-06": 4, "03-12": 8, "03-18": 14, "03-25": 3},
    H1: {"03-04": 6, "03-06": 2, "03-12": 5, "03-18": 7, "03-25": 2},
    H4: {"03-04": 2, "03-06": 1, "03-12": 2, "03-18": 2, "03-25": 1},
    D1: {"03-04": 1, "03-06": 1, "03-12": 1, "03-18": 1, "03-25": 1},
}


@pytest.mark.parametrize("timeframe", COUNTS)
def test_bars_expected_in_a_session_and_in_a_week(small: Calendar, timeframe: Timeframe) -> None:
    one = COUNTS[timeframe]
    sessions = small.bins(column(*(f"{day} 10:10" for day in one)), D1)
    assert small.n_expected(sessions, timeframe).to_list() == list(one.values())
    weeks = small.bins(column("02-26 10:00", "03-04 10:00", "03-12 10:00", "03-18 10:00", "03-25 10:00"), W1)
    whole = one["03-04"]
    expected = [whole, 2 * whole + one["03-06"], one["03-12"] + whole, one["03-18"], one["03-25"]]
    assert small.n_expected(weeks, timeframe).to_list() == expected
    assert small.n_expected(weeks, W1).to_list() == [1] * 5


@pytest.mark.parametrize(
    ("low", "high", "n"),
    [
        ("03-04 09:00", "03-04 13:00", 6),  # eight half hours, two of them paused
        ("03-04 11:00", "03-04 12:00", 1),
        ("03-04 12:00", "03-04 13:00", 1),
        ("03-04 11:30", "03-04 12:30", 0),
        ("03-04 13:00", "03-04 15:00", 4),
        ("03-25 10:00", "03-25 10:20", 1),
        ("03-05 09:00", "03-05 13:00", 0),  # a holiday
        ("03-06 11:00", "03-06 13:00", 0),  # between sessions
        ("03-07 05:00", "03-07 09:00", 0),
    ],
)
def test_half_hours_expected_in_parts_of_days(small: Calendar, low: str, high: str, n: int) -> None:
    frame = pl.DataFrame({"ts": column(low), "ts_close": column(high)})
    assert small.n_expected(frame, M30).to_list() == [n]


@pytest.mark.parametrize(
    ("timeframe", "start", "end", "expected"),
    [
        (D1, "03-04 09:00", "03-07 09:00", ["03-04 09:00", "03-06 09:00", "03-07 09:00"]),  # both ends belong to it
        (D1, "03-04 09:01", "03-07 08:59", ["03-06 09:00"]),
        (W1, "03-04 09:00", "03-12 10:00", ["03-04 09:00", "03-12 10:00"]),
        (W1, "03-04 09:01", "03-12 09:59", []),
        (W1, "02-25 00:00", "03-31 00:00", ["02-26 09:00", "03-04 09:00", "03-12 10:00", "03-18 09:00", "03-25 09:00"]),
        (H1, "03-06 10:00", "03-07 09:00", ["03-06 10:00", "03-07 09:00"]),
        (H1, "03-06 10:01", "03-07 08:59", []),
        (H1, "03-07 00:00", "03-08 23:00", [f"03-07 {h:02}:00" for h in (9, 10, 11, 12, 13, 14)]),
        (
            M30,
            "03-07 10:30",
            "03-07 13:30",
            [f"03-07 {t}" for t in ("10:30", "11:00", "12:30", "13:00", "13:30")],
        ),
        (M30, "03-18 14:30", "03-25 23:00", [f"03-18 {t}" for t in ("14:30", "15:00", "15:30")]
         + [f"03-25 {t}" for t in ("09:00", "09:30", "10:00")]),
    ],
)  # fmt: skip
def test_opens_by_hand(small: Calendar, timeframe: Timeframe, start: str, end: str, expected: list[str]) -> None:
    assert shown(small.expected_opens(timeframe, at(start), at(end))) == expected


def test_a_shifted_grid_begins_with_the_bar_across_the_open(small: Calendar, overnight: Calendar) -> None:
    day = at("03-06 00:00"), at("03-06 23:00")
    assert shown(small.expected_opens(H1, *day, shift_minutes=20)) == ["03-06 08:20", "03-06 09:20", "03-06 10:20"]
    # The bar at 21:30 lies across the close of one session and the open of the next, and is one bar.
    night = at("03-04 20:00"), at("03-05 00:00")
    assert shown(overnight.expected_opens(H1, *night, shift_minutes=30)) == [
        "03-04 20:30", "03-04 21:30", "03-04 22:30", "03-04 23:30",
    ]  # fmt: skip


def test_stretches_end_at_pauses_and_overlap_what_was_asked(small: Calendar) -> None:
    def stretches(start: str, end: str) -> list[tuple[str, str]]:
        found = small.stretches(at(start), at(end))
        return list(zip(shown(found["open"]), shown(found["close"]), strict=True))

    monday = [("03-04 09:00", "03-04 11:30"), ("03-04 12:30", "03-04 15:00")]
    wednesday = [("03-06 09:00", "03-06 11:00")]
    assert stretches("03-04 14:59", "03-06 09:01") == monday + wednesday
    assert stretches("03-04 15:00", "03-06 09:01") == wednesday  # a session that ends then does not overlap
    assert stretches("03-04 14:59", "03-06 09:00") == monday  # nor one that begins then
    assert stretches("03-18 00:00", "03-19 00:00") == [("03-18 09:00", "03-18 16:00")]


@pytest.mark.parametrize(
    ("first", "last", "timeframe", "n"),
    [
        ("03-04", "03-12", D1, 4),
        ("03-05", "03-11", D1, 2),
        ("03-04", "03-12", H1, 6 + 2 + 6 + 5),
        ("03-05", "03-11", M30, 4 + 10),
        # Weeks of one, three, two, one and one session: a session is its share.
        ("03-04", "03-12", W1, 3 / 3 + 1 / 2),
        ("03-06", "03-17", W1, 2 / 3 + 2 / 2),
        ("02-26", "03-25", W1, 5),
    ],
)
def test_bars_of_some_dates(small: Calendar, first: str, last: str, timeframe: Timeframe, n: float) -> None:
    numbers = [day_number(at(f"{day} 00:00").date()) for day in (first, last)]
    found = small._spans.count_days(*numbers, timeframe)
    assert found == pytest.approx(n)


def test_days_that_overlap_in_the_19th_century_or_do_not_exist_are_left_out(days: DayTable) -> None:
    """Hours of the 4th reach into those of the 5th; the 12th was skipped: its hours are those of the 13th."""
    odd = replace(days, open=days.open.copy(), close=days.close.copy(), is_session=days.is_session.copy())
    odd.close[row("1892-07-04")] += 24 * 60 * MINUTE_US
    odd.open[row("1892-07-12")] = odd.open[row("1892-07-13")]
    odd.close[row("1892-07-12")] = odd.close[row("1892-07-13")]
    odd.is_session[[row("1892-07-12"), row("1892-07-13")]] = True
    calendar = Calendar("odd", "UTC", odd)
    asked = [f"1892-07-{day:02} 10:00" for day in (3, 4, 5, 6, 11, 12, 13)]
    assert calendar.session_date(column(*asked)).dt.day().to_list() == [3, 13, 13, 6, 11, 13, 13]
    assert calendar.sessions(date(1892, 7, 1), date(1892, 7, 31))["session_date"].to_list() == [date(1892, 7, 13)]
