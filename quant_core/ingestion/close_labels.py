"""Close labels: the opens of intraday bars that are labelled by their ends.

Put here: ends written as the last millisecond of a minute, and the short bars at the end of a session.
Keep out: which labels are closes, daily and weekly bars (bar_stamps.py).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from quant_core.calendars import Calendar
from quant_core.ingestion.session_times import as_series
from quant_core.ingestion.time_formats import Bools, Int64s
from quant_core.timeframes import Timeframe

_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_PEEK = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_last_second(utc_us: Int64s, valid: Bools) -> bool:
    """True where every valid instant lies in the last second of a minute, as only ends of bars do.

    >>> ends = np.array([59_999_000, 119_999_000])
    >>> is_last_second(ends, np.array([True, True])), is_last_second(ends + 1000, np.array([True, True]))
    (True, False)
    """
    first = utc_us[:_PEEK][valid[:_PEEK]]
    if len(first) and (first % _MINUTE_US < _MINUTE_US - _SECOND_US).any():
        return False  # spares the whole column
    times = utc_us[valid]
    return len(times) > 0 and bool((times % _MINUTE_US >= _MINUTE_US - _SECOND_US).all())


def snapped(utc_us: Int64s) -> Int64s:
    """Ends in the last second of a minute as the end of that minute: 10:59:59.999 is 11:00."""
    left = -utc_us % _MINUTE_US
    return np.where(left <= _SECOND_US, utc_us + left, utc_us)


def intraday_opens(utc_us: Int64s, valid: Bools, calendar: Calendar, timeframe: Timeframe) -> Int64s:
    """The open of every bar that ends at a label: the label minus the timeframe, later where trading began later.

    A bar that ends where trading stops (a session's close or break) and does not fill the timeframe is short. It
    starts on the grid of the other bars: counted from where trading began when most of them are, else by the clock
    (10:00, 11:00, …, on the calendar's clock).

    Missing: rows that are not valid hold meaningless values.

    Example, by hand: hours counted from the open at 09:30; the last one is half an hour.

    >>> from quant_core.calendars import calendar_of
    >>> ends = [datetime(2024, 1, 2, 14, 30, tzinfo=UTC) + timedelta(hours=h) for h in (1, 2, 3, 6.5)]
    >>> found = intraday_opens(np.array([int(e.timestamp()) * 1_000_000 for e in ends]), np.array([True] * 4),
    ...     calendar_of("XNYS"), Timeframe.H1)
    >>> [datetime.fromtimestamp(us / 1e6, UTC).strftime("%H:%M") for us in found.tolist()]
    ['14:30', '15:30', '16:30', '20:30']
    """
    step = timeframe.minutes * _MINUTE_US
    nominal, times = utc_us - step, utc_us[valid]
    if not len(times):
        return nominal
    bounds = [_EPOCH + timedelta(microseconds=int(t)) for t in (times.min() - 1, times.max() + 1)]
    parts = calendar.stretches(*bounds)
    opens, closes = (parts[c].to_physical().to_numpy() for c in ("open", "close"))
    partial = (closes - opens) % step != 0
    if not partial.any():
        return nominal
    row = np.minimum(np.searchsorted(closes, utc_us, side="left"), len(closes) - 1)
    begin, end = opens[row], closes[row]
    inside = valid & (begin < utc_us) & (utc_us <= end)
    short = inside & (utc_us == end) & partial[row]
    if not short.any():
        return nominal
    others = inside & (utc_us < end)
    counted = (utc_us - begin)[others] % step == 0
    if len(counted) and 2 * counted.sum() > len(counted):
        return np.where(short, begin + (utc_us - 1 - begin) // step * step, nominal)
    local = calendar.local_time(as_series(utc_us, valid)).dt.replace_time_zone(None).to_physical().to_numpy()
    return np.where(short, utc_us - 1 - (local - 1) % step, nominal)
