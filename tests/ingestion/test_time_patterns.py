"""Formats of times as patterns: which texts fit, what they mean, and which formats detection tries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from quant_core.errors import ConfigError
from quant_core.ingestion.time_formats import clock_formats, iso_type, moment_formats, parse_times, pattern_of, swapped

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_US = 3_600_000_000


def read(text: str, time_format: str) -> str | None:
    """One text as ISO without its offset; None where it is not valid."""
    parsed = parse_times(pl.Series([text]), time_format)
    if not parsed.valid[0]:
        return None
    return (EPOCH + timedelta(microseconds=int(parsed.label_us[0]))).replace(tzinfo=None).isoformat(" ")


@pytest.mark.parametrize(
    ("time_format", "text", "expected"),
    [
        # Tokens that touch another one take two digits, the others one or two.
        ("%m/%d/%Y %H%M", "1/2/2024 0930", "2024-01-02 09:30:00"),
        ("%m/%d/%Y %H%M", "01/02/2024 0930", "2024-01-02 09:30:00"),
        ("%m/%d/%Y %H%M", "1/2/2024 930", None),
        ("%Y%m%d %H:%M", "20240102 9:30", "2024-01-02 09:30:00"),
        ("%Y%m%d %H:%M", "2024012 09:30", None),
        ("%d%b%Y", "02Jan2024", "2024-01-02 00:00:00"),
        ("%d%b%Y", "2Jan2024", None),
        ("%y%m%d", "240102", "2024-01-02 00:00:00"),
        ("%m/%d/%y", "1/2/50", "1950-01-02 00:00:00"),
        ("%m/%d/%y", "1/2/49", "2049-01-02 00:00:00"),
        ("%d-%m-%Y", "2-1-2024", "2024-01-02 00:00:00"),
        ("%Y-%m-%d", " 2024-01-02 ", "2024-01-02 00:00:00"),
        ("%Y-%m-%d %H:%M", "2024-01-02   10:00", "2024-01-02 10:00:00"),
        ("%Y.%m.%d", "2024-01-02", None),
        # Names of months, short and long.
        ("%b %d, %Y", "Mar 2, 2024", "2024-03-02 00:00:00"),
        ("%B %d, %Y", "September 2, 2024", "2024-09-02 00:00:00"),
        ("%d %b %Y", "2 DECEMBER 2024", "2024-12-02 00:00:00"),
        ("%d-%b-%Y", "02-Foo-2024", None),
        # Twelve hours: 12 AM is midnight; there is no hour 0 or 13.
        ("%Y-%m-%d %I-%p", "2024-01-02 12-AM", "2024-01-02 00:00:00"),
        ("%Y-%m-%d %I-%p", "2024-01-02 01-am", "2024-01-02 01:00:00"),
        ("%Y-%m-%d %I-%p", "2024-01-02 12-PM", "2024-01-02 12:00:00"),
        ("%Y-%m-%d %I-%p", "2024-01-02 11-pm", "2024-01-02 23:00:00"),
        ("%Y-%m-%d %I-%p", "2024-01-02 00-AM", None),
        ("%Y-%m-%d %I-%p", "2024-01-02 13-PM", None),
        ("%Y-%m-%d %I", "2024-01-02 12", "2024-01-02 00:00:00"),
        # Fractions of a second, cut at the microsecond.
        ("%H:%M:%S", "10:00:01.25", "1970-01-01 10:00:01.250000"),
        ("%H:%M:%S", "10:00:01.123456789", "1970-01-01 10:00:01.123456"),
        ("%H:%M:%S", "10:00:01.000007", "1970-01-01 10:00:01.000007"),
        ("%H:%M:%S.%f", "10:00:01.5", "1970-01-01 10:00:01.500000"),
        ("%H:%M:%S,%f", "10:00:01,123", "1970-01-01 10:00:01.123000"),
        ("%H:%M:%S.%f", "10:00:01", None),
        # The last times and years, and the first that are none.
        ("%H:%M:%S", "23:59:59", "1970-01-01 23:59:59"),
        ("%H:%M:%S", "10:60:00", None),
        ("%H:%M:%S", "10:00:60", None),
        ("%H:%M:%S", "24:00:00", "1970-01-02 00:00:00"),
        ("%H:%M:%S", "24:00:01", None),
        ("%H", "25", None),
        ("%Y", "1801", "1801-01-01 00:00:00"),
        ("%Y", "1800", None),
        ("%Y", "2098", "2098-01-01 00:00:00"),
        ("%Y", "2099", None),
    ],
)
def test_texts_are_read_by_their_format(time_format: str, text: str, expected: str | None) -> None:
    assert read(text, time_format) == expected


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        *[(z, 0.0) for z in ("Z", "UTC", "GMT", "+00:00")],
        *[("+01", 1.0), ("-05", -5.0), ("+05:30", 5.5), ("-0330", -3.5), ("+1400", 14.0), ("+09:45", 9.75)],
        *[("GMT+1", 1.0), ("UTC-5", -5.0), ("GMT+10", 10.0), ("UTC+05:30", 5.5), ("GMT+530", 5.5)],
    ],
)
@pytest.mark.parametrize("joint", [" ", ""])
def test_written_offsets_are_east_of_greenwich(zone: str, hours: float, joint: str) -> None:
    """Behind a blank, or touching the time."""
    texts = pl.Series([f"2024-01-02 10:00{joint}{zone}", None])
    parsed = parse_times(texts, f"%Y-%m-%d %H:%M{joint}%z")
    assert parsed.valid.tolist() == [True, False]
    assert parsed.offset_us is not None
    assert parsed.offset_us[0] == hours * HOUR_US
    assert parsed.label_us[0] % (24 * HOUR_US) == 10 * HOUR_US, "the label is the written clock"


def test_times_end_their_day_where_each_of_them_is_24_00() -> None:
    def ends_day(*texts: str) -> bool:
        return parse_times(pl.Series(texts), "%Y-%m-%d %H:%M").ends_day

    assert ends_day("2024-01-02 24:00", "2024-01-03 24:00", "x")
    assert not ends_day("2024-01-02 24:00", "2024-01-03 00:00")
    assert not ends_day("x")


def test_calendar_arithmetic_agrees_with_numpy() -> None:
    days = np.arange(np.datetime64("1801-01-01"), np.datetime64("2099-01-01"), np.timedelta64(1, "D"))
    parsed = parse_times(pl.Series(days.astype(str)), "%Y-%m-%d")
    assert parsed.valid.all()
    assert (parsed.label_us // 86_400_000_000 == days.astype(np.int64)).all()


def test_days_exist_as_the_standard_library_says() -> None:
    def exists(year: int, month: int, day: int) -> bool:
        try:
            return bool(date(year, month, day))
        except ValueError:
            return False

    asked = [(y, m, d) for y in (1900, 2000, 2023, 2024) for m in range(14) for d in range(33)]
    parsed = parse_times(pl.Series([f"{y}-{m:02d}-{d:02d}" for y, m, d in asked]), "%Y-%m-%d")
    assert parsed.valid.tolist() == [exists(*day) for day in asked]


def test_unknown_tokens_are_refused_with_the_token() -> None:
    with pytest.raises(ConfigError, match=r"%j.*Replace %j"):
        pattern_of("%Y-%j")


@pytest.mark.parametrize(
    ("probe", "formats"),
    [
        ("2024-01-02 09", ["%Y-%m-%d %H"]),
        ("2024-01-02 09-30", []),  # no hour with an offset
        ("2024-01-02 09:30-05", ["%Y-%m-%d %H:%M%z"]),
        ("2024-01-02 09:30 -05:00", ["%Y-%m-%d %H:%M %z"]),
        ("2024-01-02T09:30:00", ["%Y-%m-%dT%H:%M:%S"]),
        ("2024-01-02-09:30", []),  # a hyphen joins only where the date has none
        ("20240102-09:30", ["%Y%m%d-%H:%M"]),
        ("2024/01/02-09:30", ["%Y/%m/%d-%H:%M"]),
        ("20240102093000", ["%Y%m%d%H%M%S"]),
        ("202401020930", ["%Y%m%d%H%M"]),
        ("2024010209", []),  # only these two times stand behind a date without a mark
        ("2024-01-020930", []),
        ("01/15/24, 1:00 AM", ["%m/%d/%y, %I:%M %p", "%d/%m/%y, %I:%M %p"]),
        ("02Jan2024", ["%d%b%Y"]),
        ("240102", ["%y%m%d", "%d%m%y", "%m%d%y"]),
        ("x", []),
    ],
)
def test_formats_that_detection_tries(probe: str, formats: list[str]) -> None:
    assert moment_formats([probe]) == formats
    assert moment_formats(["x", probe]) == formats, "one probe that fits is enough"


def test_clocks_that_detection_tries() -> None:
    assert clock_formats(["09:30", "x"]) == ["%H:%M"]
    assert clock_formats(["093000"]) == ["%H%M%S"]
    assert clock_formats(["9"]) == ["%H"]
    assert clock_formats(["9:30 PM"]) == ["%I:%M %p"]
    assert clock_formats(["x"]) == []


def test_day_and_month_are_swapped_where_both_are_numbers_before_the_year() -> None:
    assert swapped("%d-%m-%y %H:%M") == "%m-%d-%y %H:%M"
    assert swapped("%d.%m.%Y") == "%m.%d.%Y"
    assert [swapped(f) for f in ("%Y-%m-%d", "%d-%b-%Y", "%Y%m%d")] == [None] * 3


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ([], "None"),
        (["", " "], "None"),
        (["2024-01-02", ""], "date32[day]"),
        (["2024-01-02", "2024-01-02 10:00"], "None"),
        (["2024-01-02 10:00", "2024-01-02T10:00:00", "2024-01-02 23:59:59.123456"], "timestamp[us]"),
        (["2024-01-02 10:00:00Z", "2024-01-02 10:00+02:00"], "timestamp[us, tz=UTC]"),
        (["2024-01-02 10:00:00Z", "2024-01-02 10:00:00"], "None"),
        (["2024-01-02 24:00"], "None"),
        (["2024-01-02 10:00", "x"], "None"),
        # Midnights of an offset keep their date as text, but those of UTC and one among other times do not have to.
        (["2024-01-02 00:00:00-05:00", "2024-01-03 00:00-05:00"], "None"),
        (["2024-01-02 00:00:00-05:00", "2024-01-03 09:30-05:00"], "timestamp[us, tz=UTC]"),
        (["2024-01-02 00:00:00+00:00"], "timestamp[us, tz=UTC]"),
    ],
)
def test_plain_iso_of_one_shape_is_left_to_arrow(sample: list[str], expected: str) -> None:
    assert str(iso_type(sample)) == expected
