"""Calendar ids: the text a configuration writes and the calendar it means.

Put here: reading of ids, one cached calendar per id.
Keep out: what a calendar can answer (``_calendar.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache

from quant_core.calendars._calendar import Calendar
from quant_core.calendars._days import DAY_MINUTES, regular_days, without_sessions
from quant_core.calendars._exchange import exchange_codes, exchange_days, extend_hours
from quant_core.errors import ConfigError, UnknownNameError

_HOURS = re.compile(r"(?P<code>[^()]+)\((?P<open>\d{1,2}:\d{2})-(?P<close>\d{1,2}:\d{2})\)")

_HOLIDAYS = re.compile(r"(?P<calendar>.+?)-(?P<dates>\d{4}-\d{2}-\d{2}(?:,\d{4}-\d{2}-\d{2})*)")


def with_holidays(id: str, dates: Iterable[date]) -> str:
    """The id of a calendar on which some dates are closed as well.

    >>> with_holidays("XNYS", [date(2025, 1, 9)]), with_holidays("XNYS", [])
    ('XNYS-2025-01-09', 'XNYS')
    """
    days = sorted(set(dates))
    return f"{id}-{','.join(d.isoformat() for d in days)}" if days else id


@cache
def calendar_of(id: str) -> Calendar:
    """The calendar with an id; equal ids give the same object.

    Ids: ``always_open`` (24/7, UTC days) · ``fx_24_5`` (17:00 to 17:00 New York, Monday to Friday; no holidays) ·
    any code of exchange_calendars (``XNYS``; the alias ``NYSE`` means the same calendar) · a code with wider local
    hours, ``XNYS(04:00-20:00)``; an opening at or after the close is on the previous date: ``XNYS(20:00-20:00)`` ·
    any of them with dates that are closed as well, ``XNYS-2025-01-09,2025-01-10``.

    Raises:
        UnknownNameError: no calendar has this id.
        ConfigError: hours that are no times of day, or narrower than the exchange's regular ones.

    >>> calendar_of("always_open").zone, calendar_of("fx_24_5").zone, calendar_of("XNYS(4:00-20:00)").id
    ('UTC', 'America/New_York', 'XNYS(04:00-20:00)')
    >>> calendar_of("NYSE") == calendar_of("XNYS"), calendar_of("XNYS") is calendar_of("XNYS")
    (True, True)
    >>> calendar_of("XNYSE")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No calendar is called 'XNYSE'. Did you mean 'XNYS', 'NYSE', 'XTSE'?
    """
    closed = _HOLIDAYS.fullmatch(id)
    if closed:
        return _closed_on(calendar_of(closed["calendar"]), closed["dates"], id)
    if id == "always_open":
        return Calendar(id, "UTC", regular_days("UTC", 0, DAY_MINUTES, "1111111"))
    if id == "fx_24_5":
        close = 17 * 60
        return Calendar(id, "America/New_York", regular_days("America/New_York", close - DAY_MINUTES, close, "1111100"))
    match = _HOURS.fullmatch(id.replace(" ", ""))
    codes = exchange_codes()
    name = match["code"] if match else id
    if name not in codes:
        raise UnknownNameError.among("calendar", name, [*codes, "always_open", "fx_24_5"])
    code = codes[name]
    if match:
        return _with_hours(code, _minute_of_day(match["open"], id), _minute_of_day(match["close"], id))
    if code != id:
        return calendar_of(code)
    return Calendar(id, *exchange_days(code))


def _closed_on(calendar: Calendar, dates: str, id: str) -> Calendar:
    """The calendar without sessions on the dates, under the one spelling of its id."""
    try:
        days = [date.fromisoformat(text) for text in dates.split(",")]
    except ValueError as error:
        raise ConfigError.at(
            f"calendar {id!r}", expected="existing dates", found=dates, next_step="Write XNYS-2025-01-09,2025-01-10."
        ) from error
    same = with_holidays(calendar.id, days)
    if same != id:
        return calendar_of(same)
    return replace(calendar, id=id, days=without_sessions(calendar.days, days))


@cache
def _with_hours(code: str, open_minute: int, close_minute: int) -> Calendar:
    """The exchange's days with wider hours, under the one spelling of their id."""
    id = f"{code}({_clock(open_minute)}-{_clock(close_minute)})"
    zone, days = exchange_days(code)
    opens = open_minute - DAY_MINUTES if open_minute >= close_minute else open_minute
    return Calendar(id, zone, extend_hours(days, zone, opens, close_minute, id))


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minute_of_day(text: str, id: str) -> int:
    """Minutes since midnight of ``HH:MM``; 24:00 is the end of the day."""
    hours, minutes = (int(part) for part in text.split(":"))
    if minutes >= 60 or hours * 60 + minutes > DAY_MINUTES:
        raise ConfigError.at(
            f"calendar {id!r}", expected="hours as HH:MM-HH:MM", found=text, next_step="Write e.g. XNYS(04:00-20:00)."
        )
    return hours * 60 + minutes
