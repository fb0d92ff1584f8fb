"""Days of an exchange, read from the exchange_calendars library.

Put here: the library's schedule as a day table, its range, and extended hours around it.
Keep out: calendars that need no library (``_days.py``).
"""

from __future__ import annotations

import importlib
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from quant_core.calendars._days import (
    DAY_MINUTES,
    FIRST_DAY,
    N_DAYS,
    DayTable,
    Ints,
    all_days,
    local_instants,
    weekday_flags,
)
from quant_core.errors import ConfigError

_FIRST = "1900-01-01"
_LAST = "2050-12-31"
_RECURS_WITHIN_DAYS = 31


def exchange_codes() -> dict[str, str]:
    """Every name the library knows, aliases too, → its canonical code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own use of pandas; nothing of ours can warn in here
        library: Any = importlib.import_module("exchange_calendars")
        names: list[str] = library.get_calendar_names(include_aliases=True)
        return {name: str(library.resolve_alias(name)) for name in names}


def exchange_days(code: str) -> tuple[str, DayTable]:
    """Zone and days of an exchange code.

    Inside the library's range (its own bounds, at most 1900 to 2050) the days are the library's. Outside, every
    weekday of the exchange's week is a session with the regular hours of the nearest known time: holidays and
    half days are unknown there.

    Raises:
        ConfigError: the installed library cannot build this calendar.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        library: Any = importlib.import_module("exchange_calendars")
        try:
            any_years: Any = library.get_calendar(code)
            start, end = any_years.bound_min(), any_years.bound_max()
            low = _FIRST if start is None or str(start.date()) < _FIRST else str(start.date())
            high = _LAST if end is None or str(end.date()) > _LAST else str(end.date())
            calendar: Any = library.get_calendar(code, start=low, end=high)
        except (NotImplementedError, ValueError) as error:
            raise ConfigError(
                f"Calendar {code!r} cannot be built by exchange_calendars {library.__version__}: expected a schedule, "
                f"found {type(error).__name__} ({str(error)[:120]}). "
                "Choose another exchange's code with the same hours."
            ) from error
        return str(calendar.tz.key), _days_of(calendar, _day(np.datetime64(low)), _day(np.datetime64(high)))


def _day(stamp: Any) -> int:
    return int(stamp.astype("datetime64[D]").astype(np.int64))


def _days_of(calendar: Any, low: int, high: int) -> DayTable:
    """The library's schedule inside days low … high, the weekday rule outside."""
    days = all_days()
    zone = str(calendar.tz.key)
    opens = local_instants(days, _minutes(days, calendar.open_times, int(calendar.open_offset)), zone)
    regular = local_instants(days, _minutes(days, calendar.close_times, int(calendar.close_offset)), zone)
    closes = regular.copy()
    is_session = weekday_flags(days, str(calendar.weekmask)) & ((days < low) | (days > high))
    breaks_from, breaks_to = closes.copy(), closes.copy()
    schedule = calendar.schedule
    rows = schedule.index.to_numpy().astype("datetime64[D]").astype(np.int64) - FIRST_DAY
    is_session[rows] = True
    is_session[_holidays_before_1970(calendar, low)] = False
    opens[rows] = _instants(schedule["open"])
    closes[rows] = _instants(schedule["close"])
    breaks_from[rows], breaks_to[rows] = closes[rows], closes[rows]
    has_break = schedule["break_start"].notna().to_numpy()
    breaks_from[rows[has_break]] = _instants(schedule["break_start"][has_break])
    breaks_to[rows[has_break]] = _instants(schedule["break_end"][has_break])
    was_planned = is_session.copy()
    was_planned[called_off(_closures(calendar, low, high)) - FIRST_DAY] = True
    return DayTable(opens, closes, regular, breaks_from, breaks_to, is_session, was_planned)


def _closures(calendar: Any, low: int, high: int) -> Ints:
    """Days low … high of the exchange's week that the library's list of single dates closes, and none of its rules."""
    listed = np.array([_day(np.datetime64(str(day)[:10])) for day in calendar.adhoc_holidays], dtype=np.int64)
    listed = np.unique(listed[(listed >= low) & (listed <= high)])
    listed = listed[weekday_flags(listed, str(calendar.weekmask))]
    rules = calendar.regular_holidays
    if rules is None or not len(listed):
        return listed
    # The rules answer for all years; the schedule itself asks them for 1970 and later only.
    ruled = rules.holidays(np.datetime64(int(listed[0]), "D"), np.datetime64(int(listed[-1]), "D"))
    return np.setdiff1d(listed, ruled.to_numpy().astype("datetime64[D]").astype(np.int64))


def called_off(closures: Ints) -> Ints:
    """Of single closed days those that were hardly published ahead: attacks, storms, funerals.

    The library lists them beside holidays that no rule of the Gregorian calendar gives, such as the lunar new year.
    Those recur: a closure counts as published where most of the ten years around, as far as the list reaches, have one
    within 31 days of its date, and some of these years as many as its own. A wedding announced for one year counts as
    called off: known too late is no look-ahead.

    Args:
        closures: days since 1970, ascending.

    Example: a lunar new year moves through January and February and comes every year; 11 September came once.

    >>> moving = [np.datetime64(f"{y}-{d}") for y, d in zip(range(1996, 2007), ["02-19", "02-07", "01-28", "02-16",
    ...           "02-05", "01-24", "02-12", "02-03", "01-22", "02-09", "01-30"], strict=True)]
    >>> days = np.sort(np.array([*moving, np.datetime64("2001-09-11")]).astype(np.int64))
    >>> called_off(days).astype("datetime64[D]").tolist()
    [datetime.date(2001, 9, 11)]
    """
    dates = closures.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]").astype(np.int64)
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    surprising = np.ones(len(closures), dtype=np.bool_)
    for i, year in enumerate(years):
        apart = np.abs(day_of_year - day_of_year[i])
        near = years[np.minimum(apart, 365 - apart) <= _RECURS_WITHIN_DAYS]
        span = range(max(year - 5, years[0]), min(year + 5, years[-1]) + 1)
        around = [int(np.sum(near == y)) for y in span if y != year]
        surprising[i] = not around or np.median(around) < 1 or int(np.sum(near == year)) > max(around)
    return closures[surprising]


def _holidays_before_1970(calendar: Any, low: int) -> Ints:
    """Rows of the library's regular holidays before 1970; its schedule leaves them out, its rules know them.

    The schedule is built by a pandas offset that asks the rules for 1970 and later only.
    """
    rules = calendar.regular_holidays
    if rules is None or low >= 0:
        return np.zeros(0, dtype=np.int64)
    holidays = rules.holidays(np.datetime64(low, "D"), np.datetime64("1969-12-31"))
    return holidays.to_numpy().astype("datetime64[D]").astype(np.int64) - FIRST_DAY


def _instants(column: Any) -> Ints:
    """A UTC column of the library as microseconds since 1970."""
    return column.dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)


def _minutes(days: Ints, times: Any, day_offset: int) -> Ints:
    """Regular local clock time of each date, in minutes; the library lists (first date or None, time)."""
    minutes = np.zeros(len(days), dtype=np.int64)
    for since, time in times:
        value = time.hour * 60 + time.minute + day_offset * DAY_MINUTES
        minutes[:] = value if since is None else np.where(days >= _day(since.to_datetime64()), value, minutes)
    return minutes


def extend_hours(days: DayTable, zone: str, open_minutes: int, close_minutes: int, calendar_id: str) -> DayTable:
    """Widen the regular session to wider local hours.

    On an early-close day the late session ends earlier by as much as the regular one does: NYSE venues
    end it at 17:00 instead of 20:00 when the market closes at 13:00 instead of 16:00.

    Raises:
        ConfigError: the wider hours do not contain the exchange's regular hours.
    """
    numbers = all_days()
    opens = local_instants(numbers, np.full(N_DAYS, open_minutes, dtype=np.int64), zone)
    closes = local_instants(numbers, np.full(N_DAYS, close_minutes, dtype=np.int64), zone)
    last = int(np.flatnonzero(days.is_session)[-1])
    if opens[last] > days.open[last] or closes[last] < days.close[last]:
        raise ConfigError.at(
            f"calendar {calendar_id!r}",
            expected="extended hours that contain the regular ones",
            found=calendar_id[calendar_id.index("(") :],
            next_step="Widen the hours, or use the exchange's code alone for its regular hours.",
        )
    shift = np.where(days.is_session, np.maximum(days.regular_close - days.close, 0), 0)
    early = np.maximum(closes - shift, days.close)
    return replace(
        days, open=np.minimum(opens, days.open), close=early, regular_close=np.maximum(closes, days.regular_close)
    )
