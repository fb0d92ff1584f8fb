"""Times, dates and timeframes are read in every spelling, and never guessed where two readings are possible."""

from __future__ import annotations

import pytest

from quant_core.errors import RefusedInputError
from tests.ingestion.reading_text import HEADER, TWO_BARS, read_text, times_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02 10:00:00", "2024-01-02 10:00:00"),
        ("2024-01-02T10:00:00Z", "2024-01-02 10:00:00"),
        ("2024-01-02 10:00:00+02:00", "2024-01-02 08:00:00"),
        ("2024-01-02 10:00:00.250", "2024-01-02 10:00:00"),
        ("2024.01.02 10:00", "2024-01-02 10:00:00"),
        ("20240102 100000", "2024-01-02 10:00:00"),
        ("20240102100000", "2024-01-02 10:00:00"),
        ("202401021000", "2024-01-02 10:00:00"),
        ("2024-01-02 10-AM", "2024-01-02 10:00:00"),
        ("1/13/2024 10:00", "2024-01-13 10:00:00"),
        ("13/1/2024 10:00", "2024-01-13 10:00:00"),
        ("13.01.2024 10:00:00", "2024-01-13 10:00:00"),
        ("13-Jan-2024 10:00", "2024-01-13 10:00:00"),
        ("1704189600", "2024-01-02 10:00:00"),
        ("1704189600000", "2024-01-02 10:00:00"),
        ("1704189600000000", "2024-01-02 10:00:00"),
        ("1704189600000000000", "2024-01-02 10:00:00"),
        ("1704189600.0", "2024-01-02 10:00:00"),
    ],
)
def test_time_formats_are_detected(text: str, expected: str) -> None:
    parsed = read_text(f"time,open,high,low,close\n{text},1,2,1,2\n", timeframe="M1")
    assert times_of(parsed) == [expected]


def test_twelve_hour_clock_reads_noon_and_midnight() -> None:
    lines = "".join(f"2019-10-17 {h},1,2,1,2\n" for h in ("12-AM", "01-AM", "12-PM", "11-PM"))
    assert [t[11:13] for t in times_of(read_text("date,open,high,low,close\n" + lines, timeframe="H1"))] == [
        "00",
        "01",
        "12",
        "23",
    ]


def test_declared_format_and_unit_win_over_detection() -> None:
    parsed = read_text("time,open,high,low,close\n03/04/2024,1,2,1,2\n", timeframe="D1", date_format="%d/%m/%Y")
    assert times_of(parsed) == ["2024-04-03 00:00:00"]
    parsed = read_text("time,open,high,low,close\n1704189600,1,2,1,2\n", timeframe="H1", epoch_unit="ms")
    assert times_of(parsed)[0].startswith("1970-01-20")


def test_day_and_month_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(
        RefusedInputError, match=r"row 2, column 'ts'.*date_format: '%m/%d/%Y' . date_format: '%d/%m/%Y'"
    ):
        read_text("date,open,high,low,close\n01/02/2024,1,2,1,2\n01/03/2024,1,2,1,2\n")


def test_mixed_day_and_month_orders_are_refused() -> None:
    with pytest.raises(RefusedInputError, match="mixed"):
        read_text("date,open,high,low,close\n01/20/2024,1,2,1,2\n20/01/2024,1,2,1,2\n", timeframe="D1")


def test_split_date_and_time_columns_are_joined() -> None:
    parsed = read_text("<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>\n20240102,100000,1,2,1,2\n20240102,110000,1,2,1,2\n")
    assert times_of(parsed) == ["2024-01-02 10:00:00", "2024-01-02 11:00:00"]


def test_header_one_name_short_gets_the_missing_time() -> None:
    parsed = read_text(
        "Date,Open,High,Low,Close\n2024-01-02,09:01:00,1,2,1,2\n2024-01-02,09:02:00,1,2,1,2\n", bar_stamp="close"
    )
    assert times_of(parsed) == ["2024-01-02 09:00:00", "2024-01-02 09:01:00"]


def test_monthly_bars_are_refused() -> None:
    with pytest.raises(RefusedInputError, match="monthly"):
        read_text("date,open,high,low,close\n2024-01-31,1,2,1,2\n2024-02-29,1,2,1,2\n2024-03-31,1,2,1,2\n")


def test_timeframe_comes_from_declaration_column_name_or_steps() -> None:
    bars = HEADER + TWO_BARS
    assert read_text(bars).rows["timeframe"].unique().to_list() == ["H1"]
    assert read_text(bars, timeframe="60min").rows["timeframe"].unique().to_list() == ["H1"]
    named = read_text(bars, "SPY-M5.csv", file_name_regex=r"(?P<symbol>\w+)-(?P<timeframe>\w+)\.csv")
    assert named.rows.select("symbol", "timeframe").row(0) == ("SPY", "M5")
    column = read_text("date,tf,open,high,low,close\n2024-01-02 10:00,5min,1,2,1,2\n2024-01-02 11:00,1x,1,2,1,2\n")
    assert column.rows["timeframe"].to_list() == ["M5"]
    assert column.quarantine["reason"].to_list() == ["bad_timeframe"]


def test_dates_of_daily_bars_become_session_opens_of_the_calendar() -> None:
    text = "date,open,high,low,close\n2024-07-03,1,2,1,2\n2024-12-02,1,2,1,2\n"
    assert times_of(read_text(text, timeframe="D1", calendar="XNYS")) == ["2024-07-03 13:30:00", "2024-12-02 14:30:00"]
    assert times_of(read_text(text, timeframe="D1", calendar="fx_24_5")) == [
        "2024-07-02 21:00:00",
        "2024-12-01 22:00:00",
    ]
    for zone in ("UTC", "Europe/Paris", "America/New_York"):  # a date names a day, whatever clock the file keeps
        undeclared = read_text(text, timeframe="D1", zone=zone)
        assert times_of(undeclared) == ["2024-07-03 00:00:00", "2024-12-02 00:00:00"]


def test_daily_midnights_with_a_written_offset_are_dates_of_the_calendar() -> None:
    text = "date,open,high,low,close\n2024-07-03 00:00:00-04:00,1,2,1,2\n2024-07-05 00:00:00-04:00,1,2,1,2\n"
    assert times_of(read_text(text, timeframe="D1", calendar="XNYS")) == ["2024-07-03 13:30:00", "2024-07-05 13:30:00"]


def test_daily_close_labels_belong_to_the_session_that_ends_there() -> None:
    text = "date,open,high,low,close\n2024-07-03 13:00,1,2,1,2\n2024-07-05 16:00,1,2,1,2\n"
    parsed = read_text(text, timeframe="D1", calendar="XNYS", zone="America/New_York", bar_stamp="close")
    assert times_of(parsed) == ["2024-07-03 13:30:00", "2024-07-05 13:30:00"]


def test_weekly_labels_of_first_and_last_day_give_the_same_open() -> None:
    first = read_text("date,open,high,low,close\n2024-07-08,1,2,1,2\n2024-07-15,1,2,1,2\n", calendar="XNYS")
    last = read_text(
        "date,open,high,low,close\n2024-07-12,1,2,1,2\n2024-07-19,1,2,1,2\n", calendar="XNYS", bar_stamp="close"
    )
    assert times_of(first) == times_of(last) == ["2024-07-08 13:30:00", "2024-07-15 13:30:00"]
    assert first.rows["timeframe"][0] == "W1"


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        (("9", "10"), ("09:00", "10:00")),
        (("930", "1031"), ("09:30", "10:31")),
        (("93000", "103100"), ("09:30", "10:31")),
        (("09:30", "10:31"), ("09:30", "10:31")),
    ],
)
def test_clock_numbers_without_leading_zeros_are_hours_minutes_seconds(
    clocks: tuple[str, str], expected: tuple[str, str]
) -> None:
    rows = "".join(f"20240102,{c},1,2,1,2\n" for c in clocks)
    assert [t[11:16] for t in times_of(read_text("date,time,open,high,low,close\n" + rows, timeframe="M1"))] == [
        *expected
    ]


def test_declared_timeframe_coarser_than_the_rows_is_refused() -> None:
    rows = "".join(f"2024-01-02 10:{m:02d},1,2,1,2\n" for m in range(10))
    with pytest.raises(RefusedInputError, match="H1 is declared, but rows usually come every 1 minutes"):
        read_text("date,open,high,low,close\n" + rows, timeframe="H1")


def test_a_comma_may_stand_between_date_and_time() -> None:
    stamps = ['"01/15/24, 12:00 AM"', '"01/15/24, 1:00 AM"']
    text = "time,open,high,low,close\n" + "".join(f"{s},1,3,1,2\n" for s in stamps)
    assert times_of(read_text(text)) == ["2024-01-15 00:00:00", "2024-01-15 01:00:00"]
