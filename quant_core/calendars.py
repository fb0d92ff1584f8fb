"""Calendars: when a market trades, which session an instant belongs to, how many bars a year has.

Put here: the Calendar interface and the calendars themselves.
Keep out: resampling (resample.py) and gap counting (quality checks).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

import polars as pl

from quant_core.timeframes import Timeframe


class Calendar(Protocol):
    """A trading calendar. Instants are UTC; sessions are dates in ``zone``."""

    @property
    def id(self) -> str:
        """``always_open``, ``fx_24_5``, an exchange code (``XNYS``), or one with hours (``XNYS(04:00-20:00)``)."""
        ...

    @property
    def zone(self) -> str:
        """IANA zone of the session clock."""
        ...

    def session_date(self, ts: pl.Series) -> pl.Series:
        """The session each instant belongs to; total: off-session instants get the next session's date."""
        ...

    def sessions(self, start: date, end: date) -> pl.DataFrame:
        """Sessions from start to end inclusive: session_date, open, close (UTC)."""
        ...

    def expected_opens(self, timeframe: Timeframe, start: datetime, end: datetime) -> pl.Series:
        """Opens of the bars that a gapless feed would have, start ≤ ts ≤ end."""
        ...

    def periods_per_year(self, timeframe: Timeframe) -> float:
        """Bars per year, averaged over the calendar's holidays."""
        ...


class _AlwaysOpen:
    id = "always_open"
    zone = "UTC"

    def session_date(self, ts: pl.Series) -> pl.Series:
        return ts.dt.date().alias("session_date")

    def sessions(self, start: date, end: date) -> pl.DataFrame:
        days = pl.date_range(start, end, "1d", eager=True).alias("session_date")
        opens = days.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        return pl.DataFrame({"session_date": days, "open": opens, "close": opens.dt.offset_by("1d")})

    def expected_opens(self, timeframe: Timeframe, start: datetime, end: datetime) -> pl.Series:
        raise NotImplementedError

    def periods_per_year(self, timeframe: Timeframe) -> float:
        return 365.25 * 1440 / timeframe.minutes


def calendar_of(id: str) -> Calendar:
    """The calendar with an id."""
    return _AlwaysOpen()
