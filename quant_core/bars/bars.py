"""Bars: the cleaned bars of one symbol at one timeframe, with the calendar that gives them meaning.

Put here: the value that every causal block receives, and slicing of it by time.
Keep out: reading, cleaning and resampling. One Bars holds one symbol: a rolling window cannot cross symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import polars as pl

from quant_core.calendars import Calendar, calendar_of
from quant_core.timeframes import Timeframe


@dataclass(frozen=True)
class Bars:
    """One symbol's bars; ``frame`` satisfies the table contract ``bars`` and is never changed in place.

    >>> bars = Bars.of(close=[10.0, 11.0, 9.0])
    >>> bars.frame["close"].to_list(), len(bars), len(bars.head(2)), bars.timeframe.value
    ([10.0, 11.0, 9.0], 3, 2, 'H1')
    """

    frame: pl.DataFrame
    symbol: str
    timeframe: Timeframe
    calendar: Calendar

    def __len__(self) -> int:
        return self.frame.height

    def with_frame(self, frame: pl.DataFrame) -> Bars:
        """The same symbol, timeframe and calendar over other rows."""
        return replace(self, frame=frame)

    def head(self, n: int) -> Bars:
        """The first n bars."""
        return self.with_frame(self.frame.head(n))

    def known_at(self, instant: datetime) -> Bars:
        """The bars complete at an instant (UTC): ``ts_close <= instant``."""
        return self.with_frame(self.frame.filter(pl.col("ts_close") <= instant))

    def slice(self, start: int, stop: int) -> Bars:
        """Bars at positions start … stop - 1."""
        return self.with_frame(self.frame.slice(start, max(stop - start, 0)))

    @classmethod
    def of(
        cls,
        *,
        close: Sequence[float],
        open: Sequence[float] | None = None,
        high: Sequence[float] | None = None,
        low: Sequence[float] | None = None,
        volume: Sequence[float] | None = None,
        start: datetime = datetime(2024, 1, 1, tzinfo=UTC),
        timeframe: Timeframe = Timeframe.H1,
        calendar: str = "always_open",
        symbol: str = "EXAMPLE",
    ) -> Bars:
        """Build bars by hand for examples and tests; missing columns are taken from close.

        ``always_open`` bars are evenly spaced from ``start``; any other calendar gives its own first bars at or
        after ``start``. ``ts_close`` and ``session_date`` come from the calendar. ``open`` defaults to ``close``,
        ``high``/``low`` to the larger/smaller of the two, ``volume`` to 1.

        >>> friday = datetime(2024, 11, 29, 17, tzinfo=UTC)  # XNYS closes at 18:00 UTC
        >>> two = Bars.of(close=[1.0, 2.0], start=friday, calendar="XNYS")
        >>> [(a.strftime("%a %H:%M"), b.strftime("%H:%M")) for a, b in two.frame.select("ts", "ts_close").rows()]
        [('Fri 17:30', '18:00'), ('Mon 14:30', '15:30')]
        """
        opens = list(open) if open is not None else list(close)
        highs = list(high) if high is not None else [max(o, c) for o, c in zip(opens, close, strict=True)]
        lows = list(low) if low is not None else [min(o, c) for o, c in zip(opens, close, strict=True)]
        n, days = len(close), calendar_of(calendar)
        ts = _first_opens(days, timeframe, start, n)
        frame = pl.DataFrame(
            {
                "ts": ts,
                "ts_close": days.bar_close(ts, timeframe),
                "open": pl.Series(opens, dtype=pl.Float64),
                "high": pl.Series(highs, dtype=pl.Float64),
                "low": pl.Series(lows, dtype=pl.Float64),
                "close": pl.Series(list(close), dtype=pl.Float64),
                "volume": pl.Series(list(volume) if volume is not None else [1.0] * n, dtype=pl.Float64),
                "session_date": days.session_date(ts),
            }
        )
        return cls(frame, symbol, timeframe, days)


def _first_opens(calendar: Calendar, timeframe: Timeframe, start: datetime, n: int) -> pl.Series:
    """Opens of n bars from start: evenly spaced when the market never closes, else the calendar's own."""
    if calendar.id == "always_open":
        spaced = [start + i * timeframe.duration for i in range(n)]
        return pl.Series("ts", spaced, dtype=pl.Datetime("us", "UTC"))
    # Twice the time the bars take on average, and two months for the longest closures.
    span = timedelta(days=2 * 365.25 * n / calendar.periods_per_year(timeframe) + 60)
    return calendar.expected_opens(timeframe, start, start + span).head(n)
