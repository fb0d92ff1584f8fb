"""A calendar whose every session fits on a page, for tests that work its bins out by hand.

Put here: its sessions, building of calendars from a few dates, and instants as short texts.
Keep out: what its bins, counts and weeks are (test_spans_by_hand.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl

from quant_core.calendars import Calendar
from quant_core.calendars._columns import day_number, microsecond
from quant_core.calendars._days import FIRST_DAY, MINUTE_US, DayTable, all_days
from quant_core.timeframes import Timeframe

WHOLE = ("09:00", "15:00", "11:30", "12:30")
# open, close and break of every session; hours of other dates are 09:00 to 15:00.
SESSIONS = {
    "02-26": WHOLE,  # Monday, alone in its week
    "03-04": WHOLE,  # Monday; Tuesday is a holiday
    "03-06": ("09:00", "11:00"),  # Wednesday, closed early
    "03-07": WHOLE,  # Thursday; Friday and Sunday were called off, and Monday of the next week
    "03-12": ("10:00", "15:00", "11:30", "12:30"),  # Tuesday, opened late
    "03-17": WHOLE,  # Sunday, still of Tuesday's week
    "03-18": ("09:00", "16:00", "15:00", "15:00"),  # Monday, alone; hours widened past a break of no length
    "03-25": ("09:00", "10:20"),  # Monday: no multiple of half hours; nothing follows
}
CALLED_OFF = ("03-08", "03-10", "03-11")


def at(text: str) -> datetime:
    """An instant of 2024, or of the year that the text begins with."""
    return datetime.fromisoformat(text if len(text) > 11 else f"2024-{text}").replace(tzinfo=UTC)


def row(day: str) -> int:
    return day_number(at(f"{day} 00:00").date()) - FIRST_DAY


def days_of(opens: int, closes: int) -> DayTable:
    """No session on any date; regular hours in minutes from its midnight."""
    days = all_days() * 1440
    low, high = (days + opens) * MINUTE_US, (days + closes) * MINUTE_US
    none = np.zeros(len(days), dtype=np.bool_)
    return DayTable(low, high, high.copy(), high.copy(), high.copy(), none, none.copy())


def planned(days: DayTable, sessions: dict[str, tuple[str, ...]], called_off: tuple[str, ...] = ()) -> DayTable:
    made = replace(days, open=days.open.copy(), close=days.close.copy())
    for day, (opens, closes, *pause) in sessions.items():
        stops = [microsecond(at(f"{day} {time}")) for time in (opens, closes, *(pause or (closes, closes)))]
        for column, stop in zip((made.open, made.close, made.break_open, made.break_close), stops, strict=True):
            column[row(day)] = stop
    made.is_session[[row(day) for day in sessions]] = True
    made.was_planned[[row(day) for day in (*sessions, *called_off)]] = True
    return made


def column(*texts: str) -> pl.Series:
    return pl.Series("ts", [at(text) for text in texts], dtype=pl.Datetime("us", "UTC"))


def shown(instants: pl.Series) -> list[str]:
    return instants.dt.strftime("%m-%d %H:%M").to_list()


def bins(calendar: Calendar, timeframe: Timeframe, *texts: str) -> list[tuple[str, str]]:
    found = calendar.bins(column(*texts), timeframe)
    return list(zip(shown(found["ts"]), shown(found["ts_close"]), strict=True))
