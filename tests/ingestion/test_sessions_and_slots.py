"""One bar per session and week, bars of pauses set aside, and counts of quality that mean what they say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.bars.coverage import gaps, monthly_coverage
from quant_core.bars.resample import resample
from quant_core.calendars import calendar_of
from quant_core.quality import Cleaned, QualityRules, clean
from quant_core.quality.checks.contract import example_rows
from quant_core.timeframes import Timeframe
from tests.ingestion.reading_text import read_text

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NAMES = "time,open,high,low,close\n"


def cleaned(text: str, calendar: str = "always_open", timeframe: str = "D1", **declared: str) -> Cleaned:
    parsed = read_text(NAMES + text, timeframe=timeframe, calendar=calendar, **declared)
    return judged(parsed.rows, calendar, Timeframe(timeframe))


def judged(rows: pl.DataFrame, calendar: str, timeframe: Timeframe, rules: QualityRules | None = None) -> Cleaned:
    days = calendar_of(calendar)
    name = rows["symbol"][0]
    return clean(rows, symbol=name, timeframe=timeframe, calendar=days, now=NOW, rules=rules or QualityRules())


def outcome(done: Cleaned) -> tuple[list[float], int, dict[str, int]]:
    reasons = dict(done.quarantine.group_by("reason").len().iter_rows())
    return done.bars.frame["close"].to_list(), done.report.n_dropped, reasons


def test_a_date_and_a_midnight_of_another_zone_are_one_day() -> None:
    done = judged(
        pl.concat(
            [
                read_text(NAMES + text, timeframe="D1").rows
                for text in ("2024-01-02,1,2,1,2\n2024-01-03,2,3,2,3\n", "2024-01-03T00:00:00-05:00,2,3,2,3\n")
            ]
        ),
        "always_open",
        Timeframe.D1,
    )
    assert outcome(done) == ([2.0, 3.0], 1, {})


def test_two_days_of_one_session_that_differ_are_both_set_aside() -> None:
    done = cleaned("2024-01-02T01:00Z,1,2,1,2\n2024-01-02T05:00Z,2,3,2,3\n2024-01-03T01:00Z,3,4,3,4\n")
    assert outcome(done) == ([4.0], 0, {"conflicting_duplicate": 2})


def test_the_row_of_a_sunday_is_set_aside_and_monday_is_kept() -> None:
    done = cleaned("2024-01-05,1,2,1,2\n2024-01-07,9,9,9,9\n2024-01-08,2,3,2,3\n", "fx_24_5")
    assert outcome(done) == ([2.0, 3.0], 0, {"outside_session": 1})
    stamped = cleaned("2024-01-05T00:00Z,1,2,1,2\n2024-01-07T00:00Z,9,9,9,9\n2024-01-08T00:00Z,2,3,2,3\n", "fx_24_5")
    assert outcome(stamped) == ([2.0, 3.0], 0, {"conflicting_duplicate": 1})


def test_a_live_row_inside_a_week_does_not_stand_beside_its_week() -> None:
    done = cleaned("2024-01-01,1,2,1,2\n2024-01-08,2,3,2,3\n2024-01-10,5,6,5,6\n", timeframe="W1")
    assert outcome(done) == ([2.0], 0, {"conflicting_duplicate": 2})
    equal = cleaned("2024-01-01,1,2,1,2\n2024-01-08,2,3,2,3\n2024-01-10,2,3,2,3\n", timeframe="W1")
    assert outcome(equal) == ([2.0, 3.0], 1, {})


def test_no_session_is_ever_held_twice() -> None:
    """Any mixture of stamps of the same days: at most one bar per session, and every row is accounted for."""
    stamps = ["2024-01-0{}", "2024-01-0{}T00:00Z", "2024-01-0{}T05:00Z", "2024-01-0{}T05:00-05:00"]
    for calendar in ("always_open", "XNYS", "fx_24_5"):
        parts = [
            read_text(
                NAMES + "".join(f"{s.format(d)},{d},{d + 1 + i},{d},{d + 1}\n" for d in range(1, 10)),
                timeframe="D1",
                calendar=calendar,
                bar_stamp="open",
            ).rows
            for i, s in enumerate(stamps)
        ]
        done = judged(pl.concat(parts), calendar, Timeframe.D1)
        assert done.bars.frame["session_date"].is_unique().all()
        assert done.report.n_rows_in == 36


HOURS = [datetime(2024, 1, d, h, tzinfo=UTC) for d in (2, 3, 4) for h in range(13, 24)]


def hourly(prices: list[float], rules: QualityRules | None = None) -> Cleaned:
    rows = example_rows(ts=HOURS, open=prices, high=prices, low=prices, close=prices)
    return judged(rows, "XNYS", Timeframe.H1, rules)


def test_bars_after_hours_are_set_aside_and_do_not_reach_the_next_day() -> None:
    """The session is 14:30 to 21:00: seven full hours from 14:00 touch it, four of the eleven do not."""
    prices = [float(ts.day * 100 + ts.hour) for ts in HOURS]
    done = hourly(prices)
    assert done.report.count("outside_session") == 4 * 3 == done.quarantine.height
    days = resample(done.bars, Timeframe.D1).bars.frame
    assert days.select("open", "close").rows() == [(d * 100.0 + 14, d * 100.0 + 20) for d in (2, 3, 4)]
    kept = hourly(prices, QualityRules(outside_sessions="keep"))
    assert (len(kept.bars), kept.report.count("outside_session")) == (33, 12)


def test_full_hours_of_a_market_that_opens_at_half_past_are_not_missing() -> None:
    done = hourly([1.0] * 33)
    assert monthly_coverage(done.bars).select("n_bars", "n_expected", "n_missing", "n_off_calendar").row(0) == (
        21,
        21,
        0,
        0,
    )
    assert done.report.count("gap") == done.report.count("off_calendar") == 0
    holes = done.bars.with_frame(done.bars.frame.filter(pl.col("ts") != HOURS[3]))
    assert gaps(holes).select("start", "n_missing").rows() == [(HOURS[3], 1)]


@pytest.mark.parametrize("calendar", ["XNYS", "fx_24_5", "XTKS", "always_open"])
@pytest.mark.parametrize("timeframe", ["M5", "H1", "H4"])
@pytest.mark.parametrize("shift", [0, 30])
def test_expected_bars_of_a_shifted_grid_cover_every_session_once(calendar: str, timeframe: str, shift: int) -> None:
    days, length = calendar_of(calendar), Timeframe(timeframe)
    shift %= length.minutes
    week = datetime(2024, 3, 4, tzinfo=UTC), datetime(2024, 3, 22, tzinfo=UTC)
    opens = days.expected_opens(length, *week, shift)
    assert opens.is_unique().all()
    assert opens.is_sorted()
    minutes = days.expected_opens(Timeframe.M1, week[0] + timedelta(days=1), week[1] - timedelta(days=1))
    covering = opens.gather((opens.search_sorted(minutes, side="right") - 1).cast(pl.UInt32))
    assert ((minutes - covering) < length.duration).all()


def test_rows_changed_by_a_later_delivery_are_no_disorder() -> None:
    rows = example_rows(close=[1.0] * 4)
    restated = rows[[1]].with_columns(close=pl.lit(1.0))
    stored = pl.concat([rows[[0, 2, 3]], restated])
    assert judged(stored, "always_open", Timeframe.H1).report.count("order_violation") == 0
    other = restated.with_columns(origin=pl.lit("second.csv"), origin_row=pl.lit(9, dtype=pl.Int64))
    stored = pl.concat([rows[[0, 2, 3]], other.cast({"origin_row": rows.schema["origin_row"]})])
    assert judged(stored, "always_open", Timeframe.H1).report.count("order_violation") == 0


def test_shares_are_fractions_also_where_more_bars_are_missing_than_came() -> None:
    ts = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 5, tzinfo=UTC)]
    table = judged(example_rows(ts=ts), "always_open", Timeframe.H1).report.table
    assert table.filter(pl.col("check") == "gap").select("n_rows", "share").row(0) == (4, 4 / 6)
    assert table["share"].is_between(0, 1).all()


def weekdays(n: int, without: tuple[date, ...] = ()) -> str:
    days = [date(2024, 1, 1) + timedelta(days=i) for i in range(n)]
    return "".join(f"{d},1,2,1,2\n" for d in days if d.weekday() < 5 and d not in without)


def test_weekdays_only_are_not_silently_always_open() -> None:
    table = cleaned(weekdays(30)).report.table.filter(pl.col("check") == "unlikely_calendar")
    assert table.select("severity", "n_rows").row(0) == ("flagged", 4)
    assert "fx_24_5 fits" in table["example"][0]
    holidays = cleaned(weekdays(30, (date(2024, 1, 15),))).report.table
    example = holidays.filter(pl.col("check") == "unlikely_calendar")["example"][0]
    assert "first 2024-01-15" in example
    assert "XNYS" in example
    assert cleaned(weekdays(30), "fx_24_5").report.count("unlikely_calendar") == 0
    every_day = "".join(f"2024-01-{d:02d},1,2,1,2\n" for d in range(1, 31))
    assert cleaned(every_day).report.count("unlikely_calendar") == 0


def test_holidays_that_the_library_lacks_can_be_declared() -> None:
    closed = date(2024, 1, 16)
    text = weekdays(30, (date(2024, 1, 1), date(2024, 1, 15), closed))
    declared = read_text(NAMES + text, timeframe="D1", calendar="XNYS", holidays=[closed])
    assert judged(declared.rows, "XNYS", Timeframe.D1).report.count("gap") == 1
    assert judged(declared.rows, "XNYS-2024-01-16", Timeframe.D1).report.count("gap") == 0
    assert declared.resolved["calendar"] == "XNYS"


def test_a_calendar_with_declared_holidays_is_a_calendar() -> None:
    days = calendar_of("XNYS-2024-01-17,2024-01-16")
    assert days.id == "XNYS-2024-01-16,2024-01-17"
    assert days is calendar_of(days.id)
    assert days.sessions(date(2024, 1, 15), date(2024, 1, 18))["session_date"].to_list() == [date(2024, 1, 18)]
    bars = Bars.of(close=[1.0, 2.0], start=datetime(2024, 1, 12, tzinfo=UTC), timeframe=Timeframe.D1, calendar=days.id)
    assert bars.frame["session_date"].to_list() == [date(2024, 1, 12), date(2024, 1, 18)]
