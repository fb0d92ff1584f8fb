"""Daily, weekly and close-labelled bars open and complete when they truly do, with or without a declared calendar.

Proved: undeclared is ``always_open`` written out; a bar is never complete before its stamp's day or week ends; a
week's stamp on any weekday names the same week; the running bar is dropped; closes of intraday bars are cut at the
session and snapped to the minute.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.calendars import calendar_of
from quant_core.errors import RefusedInputError
from quant_core.ingestion import ParsedFile
from quant_core.quality import Cleaned, QualityRules, clean
from quant_core.timeframes import Timeframe
from tests.ingestion.reading_text import read_text

LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)
NAMES = "time,open,high,low,close\n"


def bars_text(stamps: list[str]) -> str:
    return NAMES + "".join(f"{s},{i + 10},{i + 12},{i + 9},{i + 11}\n" for i, s in enumerate(stamps))


def cleaned(parsed: ParsedFile, calendar: str = "always_open", now: datetime = LONG_AFTER) -> Cleaned:
    timeframe = Timeframe(parsed.rows["timeframe"][0])
    days = calendar_of(calendar)
    return clean(parsed.rows, symbol="ABC", timeframe=timeframe, calendar=days, now=now, rules=QualityRules())


def spans(parsed: ParsedFile, calendar: str = "always_open") -> list[tuple[str, str]]:
    frame = cleaned(parsed, calendar).bars.frame
    shown = frame.select(pl.col("ts", "ts_close").dt.strftime("%m-%d %H:%M"))
    return [(opens, closes) for opens, closes in shown.iter_rows()]


CLOCKS = ("%Y-%m-%d", "%Y-%m-%d 00:00:00", "%Y-%m-%d 16:00:00", "%Y-%m-%d 23:59:59.999", "%Y-%m-%d 24:00:00")


@settings(max_examples=60, deadline=None)
@given(
    start=st.dates(date(2023, 12, 1), date(2024, 12, 1)),
    clock=st.sampled_from(CLOCKS),
    timeframe=st.sampled_from(["D1", "W1"]),
    zone=st.sampled_from([None, "America/New_York", "Asia/Tokyo", "Europe/Athens"]),
    stamp=st.sampled_from([None, "open", "close"]),
)
def test_undeclared_is_always_open_written_out(
    start: date, clock: str, timeframe: str, zone: str | None, stamp: str | None
) -> None:
    step = timedelta(days=7 if timeframe == "W1" else 1)
    stamps = [(start + i * step).strftime(clock) for i in range(6)]
    declared: dict[str, Any] = {"timeframe": timeframe, "zone": zone, "bar_stamp": stamp}
    declared = {k: v for k, v in declared.items() if v is not None}
    written: dict[str, Any] = {**declared, "calendar": "always_open"}
    try:
        one = read_text(bars_text(stamps), **declared)
    except RefusedInputError as error:
        with pytest.raises(RefusedInputError, match=re.escape(str(error))):
            read_text(bars_text(stamps), **written)
        return
    two = read_text(bars_text(stamps), **written)
    assert one.rows.equals(two.rows)
    assert "calendar" in one.resolved["assumed"]
    assert "calendar" not in two.resolved["assumed"]


EVENINGS = [f"2024-01-{d:02} 22:00" for d in (1, 2, 3, 4, 7, 8, 9)]


def test_days_that_open_in_the_evening_are_not_closed_at_midnight() -> None:
    """22:00 to 22:00 would be known at midnight: twenty-two hours before it is over."""
    with pytest.raises(RefusedInputError, match=r"last third of a session of always_open.*Fix: bar_stamp: close \(or"):
        read_text(bars_text(EVENINGS), timeframe="D1")
    with pytest.raises(RefusedInputError, match=r"completes in the next one\. Fix: calendar: "):
        read_text(bars_text(EVENINGS), timeframe="D1", bar_stamp="open")
    # Each proposal reads the file, and no bar is known before it is over.
    days = spans(read_text(bars_text(EVENINGS), timeframe="D1", calendar="fx_24_5"), "fx_24_5")
    assert days[:2] == [("01-01 22:00", "01-02 22:00"), ("01-02 22:00", "01-03 22:00")]
    days = spans(read_text(bars_text(EVENINGS), timeframe="D1", bar_stamp="close"), "always_open")
    assert days[:2] == [("01-01 00:00", "01-02 00:00"), ("01-02 00:00", "01-03 00:00")]


@pytest.mark.parametrize("clock", ["13:30", "14:30", "15:59"])
def test_days_that_open_when_an_exchange_does_end_with_their_date(clock: str) -> None:
    days = spans(read_text(bars_text([f"2024-01-{d:02} {clock}" for d in range(2, 6)]), timeframe="D1"))
    assert days[0] == (f"01-02 {clock}", "01-03 00:00")


def test_a_few_evenings_among_midnights_are_kept_and_flagged() -> None:
    parsed = read_text(bars_text([*[f"2024-01-{d:02} 00:00" for d in range(2, 8)], "2024-01-08 16:00"]), timeframe="D1")
    found = cleaned(parsed, "always_open").report.table.filter(check="stamp_near_close")["n_rows"].to_list()
    assert found == [1]


@settings(max_examples=60, deadline=None)
@given(
    start=st.datetimes(datetime(2023, 12, 1), datetime(2024, 12, 1)),  # noqa: DTZ001
    timeframe=st.sampled_from(["D1", "W1"]),
    calendar=st.sampled_from([None, "always_open", "XNYS", "fx_24_5", "XTKS"]),
)
def test_a_declared_close_is_never_known_before_its_session_ends(
    start: datetime, timeframe: str, calendar: str | None
) -> None:
    """The session of a close stamp is the one it ends, or the last one that opened before it."""
    step = timedelta(days=7 if timeframe == "W1" else 1)
    moments = [start.replace(second=0, microsecond=0) + i * step for i in range(5)]
    stamps = [m.strftime("%Y-%m-%dT%H:%MZ") for m in moments]
    declared: dict[str, Any] = {"timeframe": timeframe, "bar_stamp": "close"}
    declared |= {"calendar": calendar} if calendar else {}
    rows = read_text(bars_text(stamps), **declared).rows
    days = calendar_of(calendar or "always_open")
    known = days.sessions(date(2023, 11, 1), date(2025, 1, 31))
    for moment, opens in zip(moments, rows["ts"], strict=True):
        before = known.filter(pl.col("open") < moment.replace(tzinfo=UTC))
        session = before.row(-1, named=True)
        if timeframe == "W1":
            monday = session["session_date"] - timedelta(days=session["session_date"].weekday())
            session = known.filter(pl.col("session_date") >= monday).row(0, named=True)
        is_date = all(m.hour == m.minute == 0 for m in moments) and calendar not in (None, "always_open")
        assert is_date or opens == session["open"]


@pytest.mark.parametrize("stamp", ["open", "close"])
@pytest.mark.parametrize("weekday", range(7))
def test_a_week_is_the_iso_week_that_holds_its_stamp_where_every_day_is_a_session(stamp: str, weekday: int) -> None:
    mondays = [date(2024, 1, 1) + timedelta(weeks=i) for i in range(4)]
    text = bars_text([(m + timedelta(days=weekday)).isoformat() for m in mondays])
    found = spans(read_text(text, timeframe="W1", bar_stamp=stamp))
    assert found == [("01-01 00:00", "01-08 00:00"), ("01-08 00:00", "01-15 00:00"), ("01-15 00:00", "01-22 00:00"),
                     ("01-22 00:00", "01-29 00:00")]  # fmt: skip


@pytest.mark.parametrize("weekday", range(7))
def test_a_week_stamped_by_its_end_is_the_week_that_holds_it_on_an_exchange(weekday: int) -> None:
    text = bars_text([(date(2024, 1, 8) + timedelta(days=weekday, weeks=i)).isoformat() for i in range(3)])
    found = spans(read_text(text, timeframe="W1", bar_stamp="close", calendar="XNYS"), "XNYS")
    assert found == [("01-08 14:30", "01-12 21:00"), ("01-16 14:30", "01-19 21:00"), ("01-22 14:30", "01-26 21:00")]


def test_a_week_that_opens_on_sunday_evening_is_the_week_after_it() -> None:
    """A bar cannot open after its last trade: an open on closed days belongs to the sessions that follow."""
    found = spans(read_text(bars_text(["2024-01-07", "2024-01-14", "2024-01-21"]), calendar="fx_24_5"), "fx_24_5")
    assert found == [("01-07 22:00", "01-12 22:00"), ("01-14 22:00", "01-19 22:00"), ("01-21 22:00", "01-26 22:00")]


@pytest.mark.parametrize("clock", ["24:00:00", "23:59:59.999", "23:59:59", "18:30"])
def test_daily_closes_end_the_day_they_lie_in(clock: str) -> None:
    text = bars_text([f"2024-01-0{d} {clock}" for d in (2, 3, 4)])
    found = spans(read_text(text, bar_stamp="close", timeframe="D1"))
    assert found == [("01-02 00:00", "01-03 00:00"), ("01-03 00:00", "01-04 00:00"), ("01-04 00:00", "01-05 00:00")]


@pytest.mark.parametrize("timeframe", ["D1", "W1", "H1"])
@pytest.mark.parametrize("calendar", [None, "always_open"])
def test_the_running_bar_is_dropped_and_counted(timeframe: str, calendar: str | None) -> None:
    step = timedelta(minutes=Timeframe(timeframe).minutes)
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    ends = [int((begin + (i + 1) * step).timestamp() * 1000) - 1 for i in range(4)]
    declared = {"bar_stamp": "close", "timeframe": timeframe} | ({"calendar": calendar} if calendar else {})
    parsed = read_text(bars_text([str(e) for e in ends]), **declared)
    now = begin + 3.5 * step
    done = cleaned(parsed, calendar or "always_open", now)
    assert done.bars.frame["ts_close"].to_list() == [begin + (i + 1) * step for i in range(3)]
    assert done.report.count("unfinished_bar") == 1


def test_labels_in_the_last_second_of_a_minute_show_that_they_are_closes() -> None:
    parsed = read_text(bars_text(["2024-01-02 09:59:59.999", "2024-01-02 10:59:59.999", "2024-01-02 11:59:59.999"]))
    assert (parsed.resolved["bar_stamp"], "bar_stamp" in parsed.resolved["assumed"]) == ("close", False)
    assert spans(parsed) == [("01-02 09:00", "01-02 10:00"), ("01-02 10:00", "01-02 11:00"),
                             ("01-02 11:00", "01-02 12:00")]  # fmt: skip


NEW_YORK = {"calendar": "XNYS", "zone": "America/New_York", "timeframe": "D1"}


def test_daily_stamps_at_every_close_show_that_they_are_closes() -> None:
    parsed = read_text(bars_text(["2024-07-02 16:00", "2024-07-03 13:00", "2024-07-05 16:00"]), **NEW_YORK)
    assert parsed.resolved["bar_stamp"] == "close"
    assert [closes for _, closes in spans(parsed, "XNYS")] == ["07-02 20:00", "07-03 17:00", "07-05 20:00"]


def test_daily_stamps_in_the_evening_that_may_be_either_are_refused_with_the_line_that_decides() -> None:
    text = bars_text(["2024-07-02 18:00", "2024-07-03 18:00", "2024-07-08 18:00"])
    with pytest.raises(RefusedInputError, match="bar_stamp: close"):
        read_text(text, **NEW_YORK)
    ends = spans(read_text(text, **NEW_YORK, bar_stamp="close"), "XNYS")
    assert [opens for opens, _ in ends] == ["07-02 13:30", "07-03 13:30", "07-08 13:30"]
    begins = spans(read_text(text, **NEW_YORK, bar_stamp="open"), "XNYS")
    assert [closes for _, closes in begins] == ["07-03 17:00", "07-05 20:00", "07-09 20:00"]


def test_one_late_stamp_among_stamps_inside_belongs_to_its_own_date() -> None:
    text = bars_text(["2024-07-01 09:30", "2024-07-02 19:05", "2024-07-03 09:30", "2024-07-05 09:30"])
    found = spans(read_text(text, **NEW_YORK), "XNYS")
    assert found[1] == ("07-02 13:30", "07-02 20:00")
    assert len(found) == 4


def test_utc_midnights_of_an_exchange_in_the_west_are_dates_and_not_the_evening_before() -> None:
    text = bars_text([f"2024-07-0{d}T00:00:00Z" for d in (1, 2, 3)])
    for declared in ({}, {"bar_stamp": "close"}):
        found = spans(read_text(text, calendar="XNYS", timeframe="D1", **declared), "XNYS")
        assert [closes for _, closes in found] == ["07-01 20:00", "07-02 20:00", "07-03 17:00"]


@pytest.mark.parametrize(
    ("calendar", "zone", "labels", "opens"),
    [
        ("XNYS", "America/New_York", ("10:30", "11:30", "15:30", "16:00"), ("09:30", "10:30", "14:30", "15:30")),
        ("XNYS", "America/New_York", ("10:00", "11:00", "12:00", "16:00"), ("09:00", "10:00", "11:00", "15:00")),
        ("XBOM", "Asia/Kolkata", ("10:00", "11:00", "15:00", "15:30"), ("09:00", "10:00", "14:00", "15:00")),
        ("XTKS", "Asia/Tokyo", ("10:00", "11:00", "11:30", "13:30"), ("09:00", "10:00", "11:00", "12:30")),
        ("always_open", "UTC", ("10:00", "11:00", "12:30", "16:00"), ("09:00", "10:00", "11:30", "15:00")),
    ],
    ids=["from the open", "full hours", "full hours, half-hour close", "break", "no close"],
)
def test_the_last_bar_before_trading_stops_is_as_short_as_it_was(
    calendar: str, zone: str, labels: tuple[str, ...], opens: tuple[str, ...]
) -> None:
    text = bars_text([f"2024-01-04 {label}" for label in labels])
    declared = {"calendar": calendar, "zone": zone, "bar_stamp": "close", "timeframe": "H1"}
    found = read_text(text, **declared).rows["ts"].dt.convert_time_zone(zone).dt.strftime("%H:%M").to_list()
    assert found == [*opens]


def test_a_day_with_extended_hours_is_one_stretch_and_its_last_bar_is_short() -> None:
    hours = "XNYS(04:00-20:00)"
    stamps = [
        "2025-07-02T16:00",
        "2025-07-02T20:00",
        "2025-07-03T00:00",
        *(f"2025-07-03T{h}:00" for h in (12, 16, 20, 21)),
    ]
    parsed = read_text(bars_text([f"{s}:00Z" for s in stamps]), timeframe="H4", bar_stamp="close", calendar=hours)
    assert spans(parsed, hours)[-2:] == [
        ("07-03 16:00", "07-03 20:00"),
        ("07-03 20:00", "07-03 21:00"),
    ]


@pytest.mark.parametrize(
    "written", ["2024-01-0{} 00:00:00+09:00", "2024-01-0{}T00:00+09:00", "0{}.01.2024 00:00 +0900"]
)
def test_midnights_of_the_east_are_their_own_dates_and_never_complete_before_they_end(written: str) -> None:
    parsed = read_text(bars_text([written.format(d) for d in (2, 3, 4)]))
    assert spans(parsed) == [(f"01-0{d} 00:00", f"01-0{d + 1} 00:00") for d in (2, 3, 4)]
    plain = read_text(bars_text([f"2024-01-0{d}" for d in (2, 3, 4)]))
    assert parsed.rows["ts"].to_list() == plain.rows["ts"].to_list()
