"""Session times: the opens and closes of the sessions around a column of instants, as sorted integers.

Put here: looking instants up among opens and closes.
Keep out: what follows for a label (bar_stamps.py, close_labels.py) and the calendars themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from quant_core.calendars import FIRST_DATE, LAST_DATE, Calendar
from quant_core.ingestion.time_formats import DAY_US, Bools, Int64s

_AROUND_DAYS = 60  # longer than any closure of a market that is in the library


def as_series(utc_us: Int64s, valid: Bools) -> pl.Series:
    """Instants as a column; invalid rows become 1970 so that calendars accept them."""
    return pl.Series("ts", np.where(valid, utc_us, 0)).cast(pl.Datetime("us", "UTC"))


@dataclass(frozen=True)
class SessionTimes:
    """Sessions in order, microseconds since 1970; ``day`` is the session date as days since 1970."""

    day: Int64s
    open: Int64s
    close: Int64s

    @classmethod
    def around(cls, calendar: Calendar, utc_us: Int64s, valid: Bools) -> SessionTimes:
        """The sessions from two months before the first to two months after the last valid instant."""
        times = utc_us[valid]
        first, last = (int(times.min()), int(times.max())) if len(times) else (0, 0)
        start = max(FIRST_DATE, date(1970, 1, 1) + timedelta(days=first // DAY_US - _AROUND_DAYS))
        end = min(LAST_DATE, date(1970, 1, 1) + timedelta(days=last // DAY_US + _AROUND_DAYS))
        rows = calendar.sessions(start, end)
        numbers = [rows[c].to_physical().to_numpy().astype(np.int64) for c in ("session_date", "open", "close")]
        return cls(*numbers)

    def at_close(self, times: Int64s) -> Bools:
        """True where an instant is the close of a session."""
        return _is_among(self.close, times)

    def at_open(self, times: Int64s) -> Bools:
        """True where an instant is the open of a session."""
        return _is_among(self.open, times)

    def last_opened_before(self, times: Int64s) -> Int64s:
        """Open of the last session that opened before each instant; of the first session where there is none."""
        return self.open[np.maximum(np.searchsorted(self.open, times, side="left") - 1, 0)]

    def after_close_of_date(self, times: Int64s, days: Int64s) -> Bools:
        """True where an instant lies after the close of the session of its own date; never in overnight markets."""
        if len(self.open) == 0 or not (self.open[1:] > self.close[:-1]).all():
            return np.zeros(len(times), dtype=bool)
        at = np.minimum(np.searchsorted(self.day, days, side="left"), len(self.day) - 1)
        return (self.day[at] == days) & (times >= self.close[at])

    def reach_into_next(self, times: Int64s) -> Bools:
        """True in the last third of a session that the next one follows at once; never where sessions pause.

        A day that begins there reaches into the next session. Before 16:00 of a UTC day exchanges open whose hours are
        over by midnight; none opens and closes in the last eight hours.
        """
        if len(self.open) < 2 or not (self.open[1:] == self.close[:-1]).any():
            return np.zeros(len(times), dtype=bool)
        at = np.maximum(np.searchsorted(self.open, times, side="right") - 1, 0)
        return (times < self.close[at]) & (times - self.open[at] >= 2 * (self.close[at] - times))


def _is_among(known: Int64s, times: Int64s) -> Bools:
    """True where a value is in a sorted array."""
    if len(known) == 0:
        return np.zeros(len(times), dtype=bool)
    return known[np.minimum(np.searchsorted(known, times, side="left"), len(known) - 1)] == times
