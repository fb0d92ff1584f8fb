"""Time formats: strptime formats as patterns, so that a whole column is parsed at once and nothing is guessed.

Put here: compiling a format, parsing a text column with it, and the formats that detection tries.
Keep out: choosing among columns (times.py) and zones (clocks.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from quant_core.errors import ConfigError
from quant_core.ingestion.arrow_library import pa

DAY_US = 86_400_000_000
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TOKENS = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "b": r"(?P<b>[A-Za-z]{3,9})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})(?:\.(?P<f>\d{1,9}))?",
    "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[AaPp][Mm])",
    "z": r"(?P<z>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?|(?:UTC|GMT)[+-]\d{1,2}(?::?\d{2})?)",
}
SHORT_DATES = ("%y%m%d", "%d%m%y", "%m%d%y")
"""Dates of six digits; all three may read a column, and the one with the shortest span is meant."""
_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y", "%d.%m.%Y"),
    *("%m/%d/%y", "%d/%m/%y", "%d-%b-%Y", "%d %b %Y", "%d-%b-%y", "%d%b%Y", "%b %d, %Y", "%b %d %Y", "%d.%m.%y"),
    *SHORT_DATES,
)
_TIMES = ("%H:%M:%S", "%H:%M", "%H%M%S", "%H%M", "%I-%p", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%H")
_JOINTS, _ZONES = (" ", "T", "-", ", ", ""), ("", "%z", " %z")
_FIRST_SHORT_YEAR = 50  # 50 to 99 are of the 20th century: POSIX says 69, but no bar is of 2050 to 2068
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T](?:[01]\d|2[0-3]):\d{2}(?::\d{2}(?:\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?")
_MIDNIGHT = re.compile(r"[ T]00:00(?::00(?:\.0+)?)?[+-](?!00:00)\d{2}:\d{2}$")

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ParsedTimes:
    """One value per row, microseconds.

    Attributes:
        label_us: the written time as if its clock were UTC; meaningless where not ``valid``.
        offset_us: the written offset from UTC, or None when the format has none.
        valid: True where the text fits the format and is a real date and time, years 1801 to 2098.
        ends_day: every readable time is 24:00, the end of the date it is written with; its label is the midnight
            after that date.
    """

    label_us: Int64s
    offset_us: Int64s | None
    valid: Bools
    ends_day: bool = False


@lru_cache(maxsize=4096)
def pattern_of(time_format: str) -> str:
    r"""The regular expression of a strptime format; adjacent tokens take exactly two digits.

    Seconds may carry a fraction, because many writers leave it out where it is zero.

    Raises:
        ConfigError: a token that is not supported.

    >>> pattern_of("%Y%m%d")
    '^(?P<Y>\\d{4})(?P<m>\\d{2})(?P<d>\\d{2})$'
    """
    out, at = "", 0
    adjacent = bool(re.search(r"%[A-Za-z]%[A-Za-z]", time_format.replace("%%", "")))
    while at < len(time_format):
        char = time_format[at]
        if char != "%":
            out += r"\s+" if char == " " else re.escape(char)
            at += 1
            continue
        token = "b" if time_format[at + 1 : at + 2] == "B" else time_format[at + 1 : at + 2]
        if token not in _TOKENS:
            raise ConfigError.at(
                "date_format",
                expected="a strptime format of %Y %y %m %d %b %B %H %I %M %S %f %p %z",
                found=time_format,
                next_step=f"Replace %{token}.",
            )
        joined = adjacent and (time_format[at + 2 : at + 3] == "%" or (at > 0 and time_format[at - 2 : at - 1] == "%"))
        part = r"(?P<S>\d{2})" if token in ("S",) and "%f" in time_format else _TOKENS[token]
        # A zone is told from digits before it by its sign or name: it may have one digit.
        out += part.replace("{1,2}", "{2}") if joined and part != _TOKENS["z"] else part
        at += 2
    return f"^{out}$"


def parse_times(texts: pl.Series, time_format: str) -> ParsedTimes:
    """Parse a text column; a row that does not fit is not valid, never an error.

    24:00:00 is the end of the date it is written with (ISO 8601).

    >>> parsed = parse_times(pl.Series(["2019-10-17 09-AM", "2019-02-30 09-AM", None]), "%Y-%m-%d %I-%p")
    >>> parsed.valid.tolist(), int(parsed.label_us[0])
    ([True, False, False], 1571302800000000)
    """
    pattern = pattern_of(time_format)
    groups = texts.cast(pl.String).str.strip_chars().str.extract_groups(pattern).struct.unnest()
    found = set(groups.columns)
    valid = groups[groups.columns[0]].is_not_null().to_numpy()

    def number(name: str, default: int) -> Int64s:
        if name not in found:
            return np.full(len(texts), default, dtype=np.int64)
        return groups[name].cast(pl.Int64, strict=False).fill_null(default).to_numpy().astype(np.int64)

    year = number("Y", 1970)
    if "y" in found:
        short = number("y", 0)
        year = np.where(short < _FIRST_SHORT_YEAR, 2000 + short, 1900 + short)
    month = _month_number(groups["b"]) if "b" in found else number("m", 1)
    hour, clock_ok = _hour(groups, number)
    minute, second, day = number("M", 0), number("S", 0), number("d", 1)
    fraction = np.zeros(len(texts), dtype=np.int64)
    if "f" in found:
        digits = groups["f"].fill_null("0").str.pad_end(9, "0").str.slice(0, 6)
        fraction = digits.cast(pl.Int64).to_numpy().astype(np.int64)
    days, day_ok = _days_from_civil(year, month, day)
    valid = valid & clock_ok & day_ok & (minute < 60) & (second < 60) & (year > 1800) & (year < 2099)
    clock = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    valid = valid & (clock <= DAY_US)
    ends_day = bool(valid.any()) and bool((clock[valid] == DAY_US).all())
    return ParsedTimes(days * DAY_US + clock, _offset_us(groups["z"]) if "z" in found else None, valid, ends_day)


def _hour(groups: pl.DataFrame, number: Callable[[str, int], Int64s]) -> tuple[Int64s, Bools]:
    """Hour of day from a 24-hour or a 12-hour clock."""
    if "I" not in groups.columns:
        hour = number("H", 0)
        return hour, hour <= 24
    hour = number("I", 12)
    is_pm = (
        groups["p"].str.to_lowercase().eq("pm").fill_null(value=False).to_numpy() if "p" in groups.columns else False
    )
    return hour % 12 + np.where(is_pm, 12, 0), (hour >= 1) & (hour <= 12)


def _month_number(names: pl.Series) -> Int64s:
    """Month of an English month name, 0 where it is none."""
    short = names.str.slice(0, 3).str.to_lowercase()
    known = dict(zip(_MONTHS, range(1, 13), strict=True))
    return short.replace_strict(known, default=0, return_dtype=pl.Int64).fill_null(0).to_numpy().astype(np.int64)


def _offset_us(zones: pl.Series) -> Int64s:
    """Written UTC offsets in microseconds; Z, UTC and GMT are zero, GMT+1 is one hour east."""
    sign = zones.str.contains("-", literal=True).fill_null(value=False).to_numpy()
    digits = zones.str.replace_all(r"[^0-9]", "").fill_null("")
    hours_only = digits.str.len_chars() <= 2  # +01 and GMT+1
    number = digits.cast(pl.Int64, strict=False).fill_null(0).to_numpy().astype(np.int64)
    number = np.where(hours_only.to_numpy(), number * 100, number)
    size = (number // 100 * 60 + number % 100) * 60_000_000
    return np.where(sign, -size, size)


def _days_from_civil(year: Int64s, month: Int64s, day: Int64s) -> tuple[Int64s, Bools]:
    """Days since 1970-01-01 of a proleptic Gregorian date, and whether the date exists.

    Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    Checked against: numpy.datetime64 in the tests.
    """
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    in_range = (month >= 1) & (month <= 12)
    safe = np.where(in_range, month, 1)
    exists = in_range & (day >= 1) & (day <= lengths[safe] + ((safe == 2) & leap))
    y = year - (safe <= 2)
    era = y // 400
    year_of_era = y - era * 400
    day_of_year = (153 * (safe + np.where(safe > 2, -3, 9)) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468, exists


def moment_formats(probes: Sequence[str]) -> list[str]:
    """The formats that detection tries for a date with or without a time of day, most usual first.

    Only formats whose date fits the beginning of a probe and whose whole pattern fits a probe are returned.

    >>> moment_formats(["2019-10-17 09-AM"]), moment_formats(["1/4/1999"])
    (['%Y-%m-%d %I-%p'], ['%m/%d/%Y', '%d/%m/%Y'])
    """
    dates = [d for d in _DATES if any(_compiled(d, whole=False).match(p) for p in probes)]
    timed = [f"{d}{j}{t}{z}" for z, d, j, t in product(_ZONES, dates, _JOINTS, _TIMES) if _readable(d, j, t, z)]
    return fitting([*dates, *timed], probes)


def fitting(formats: Iterable[str], probes: Sequence[str]) -> list[str]:
    """The formats whose pattern fits at least one probe."""
    return [f for f in formats if any(_compiled(f, whole=True).match(p) for p in probes)]


@lru_cache(maxsize=4096)
def _compiled(time_format: str, *, whole: bool) -> re.Pattern[str]:
    """The compiled pattern; without its end where only the beginning is to fit."""
    pattern = pattern_of(time_format)
    return re.compile(pattern if whole else pattern.removesuffix("$"))


def _readable(date: str, joint: str, time: str, zone: str) -> bool:
    """Drop joints that would make a format read two ways; 09-30 is no hour with an offset."""
    if zone == "%z" and time == "%H":
        return False
    if joint == "":
        return date == "%Y%m%d" and time in ("%H%M%S", "%H%M")
    return joint != "-" or "-" not in date


def clock_formats(probes: Sequence[str]) -> list[str]:
    """The formats that detection tries for a time of day."""
    return fitting(_TIMES, probes)


def swapped(time_format: str) -> str | None:
    """The same format with day and month exchanged, when both are numbers before the year; else None.

    >>> swapped("%m/%d/%Y %H:%M"), swapped("%Y-%m-%d")
    ('%d/%m/%Y %H:%M', None)
    """
    if re.match(r"%[md][-/.]%[md][-/.]%[Yy]", time_format) is None:
        return None
    return time_format.replace("%m", "\0").replace("%d", "%m").replace("\0", "%d")


def iso_type(sample: Iterable[str]) -> Any:
    """Arrow type when every non-empty value is plain ISO of one shape, so that Arrow may parse the column.

    Midnights of a written offset stay text, because Arrow would not keep the date that they are written with.

    >>> str(iso_type(["2019-01-01", ""])), iso_type(["2019-01-01", "x"]), iso_type(["2019-01-01 00:00:00+09:00"])
    ('date32[day]', None, None)
    """
    values = [v for v in sample if v.strip()]
    if not values:
        return None
    if all(_ISO_DATE.fullmatch(v) for v in values):
        return pa.date32()
    matches = [_ISO_TIME.fullmatch(v) for v in values]
    zoned = {bool(m.group(1)) for m in matches if m}
    if not all(matches) or len(zoned) != 1 or all(_MIDNIGHT.search(v) for v in values):
        return None
    return pa.timestamp("us", tz="UTC" if zoned.pop() else None)
