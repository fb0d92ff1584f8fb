"""The table of days behind a calendar: for every date its hours and whether a session takes place.

Put here: the dense day table, local hours turned into UTC, and the two calendars that need no library.
Keep out: exchange schedules (``_exchange.py``) and every question asked of a calendar (``_calendar.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FIRST_DATE = date(1800, 1, 1)
LAST_DATE = date(2099, 12, 31)
FIRST_DAY = (FIRST_DATE - date(1970, 1, 1)).days
N_DAYS = (LAST_DATE - FIRST_DATE).days + 1
MINUTE_US = 60_000_000
DAY_MINUTES = 1440


@dataclass(frozen=True, eq=False)
class DayTable:
    """One row per date from FIRST_DATE to LAST_DATE; instants are microseconds since 1970, UTC.

    Attributes:
        open: open of the session, or of the regular hours where the date has no session.
        close: close of the same.
        regular_close: close of the regular hours; later than ``close`` on an early-close day.
        break_open: start of the pause inside the session; equals ``close`` where there is none.
        break_close: end of the pause; equals ``close`` where there is none.
        is_session: True where the market trades on the date.
        was_planned: True where a session was published ahead: those that took place, and those that were called off at
            short notice. Until the date itself nobody knows which.
    """

    open: Ints
    close: Ints
    regular_close: Ints
    break_open: Ints
    break_close: Ints
    is_session: Flags
    was_planned: Flags

    @cached_property
    def called_off(self) -> Ints:
        """Rows of the planned sessions that did not take place."""
        return np.flatnonzero(self.was_planned & ~self.is_session)


def all_days() -> Ints:
    """Every date of the table as days since 1970."""
    return np.arange(FIRST_DAY, FIRST_DAY + N_DAYS, dtype=np.int64)


def local_instants(days: Ints, minutes: Ints, zone: str) -> Ints:
    """UTC microseconds of local clock times; minutes count from the date's midnight and may leave the date.

    A local time that exists twice (clocks set back) is its first occurrence; one that does not exist (clocks
    set forward) is one hour later, the same instant read on the old clock; on a skipped date, one date later.

    >>> day = np.array([19792], dtype=np.int64)  # 2024-03-10, clocks forward in New York
    >>> [int(local_instants(day, np.array([m]), "America/New_York")[0]) // 60_000_000 - 19792 * 1440 for m in (60, 180)]
    [360, 420]
    """
    naive = pl.Series(days * DAY_MINUTES * MINUTE_US + minutes * MINUTE_US).cast(pl.Datetime("us"))
    exact = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    for delay in ("1h", "24h"):  # an hour, or a whole date where a country changed sides of the date line
        if exact.null_count():
            later = naive.dt.offset_by(delay).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
            exact = exact.fill_null(later)
    return as_int64(exact.to_physical()).copy()  # the column's own memory is read-only


def as_int64(values: pl.Series) -> Ints:
    """A null-free integer column as a numpy array."""
    array: NDArray[Any] = values.to_numpy()
    return array.astype(np.int64, copy=False)


def regular_days(zone: str, open_minutes: int, close_minutes: int, weekmask: str) -> DayTable:
    """The same local hours on every weekday of the mask (``1111100`` = Monday to Friday), no holidays."""
    days = all_days()
    opens = local_instants(days, np.full(N_DAYS, open_minutes, dtype=np.int64), zone)
    closes = local_instants(days, np.full(N_DAYS, close_minutes, dtype=np.int64), zone)
    trades = weekday_flags(days, weekmask)
    return DayTable(opens, closes, closes, closes, closes, trades, trades)


def without_sessions(days: DayTable, dates: list[date]) -> DayTable:
    """The same days, with no session planned on some dates."""
    is_session, was_planned = days.is_session.copy(), days.was_planned.copy()
    rows = [(d - FIRST_DATE).days for d in dates if FIRST_DATE <= d <= LAST_DATE]
    is_session[rows] = was_planned[rows] = False
    return replace(days, is_session=is_session, was_planned=was_planned)


def with_sessions(days: DayTable, rows: Ints) -> DayTable:
    """The same days, with a session in the regular hours of some rows, which must have none."""
    is_session = days.is_session.copy()
    is_session[rows] = True
    return replace(days, is_session=is_session, was_planned=days.was_planned | is_session)


def weekday_flags(days: Ints, weekmask: str) -> Flags:
    """True where the date's weekday is marked in the mask; 1970-01-01 was a Thursday."""
    marked = np.array([mark == "1" for mark in weekmask], dtype=np.bool_)
    return marked[(days + 3) % 7]
