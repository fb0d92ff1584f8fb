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
        """Build bars by hand for examples and tests: evenly spaced, missing columns taken from close.

        ``open`` defaults to ``close``, ``high``/``low`` to the larger/smaller of the two, ``volume`` to 1.
        """
        opens = list(open) if open is not None else list(close)
        highs = list(high) if high is not None else [max(o, c) for o, c in zip(opens, close, strict=True)]
        lows = list(low) if low is not None else [min(o, c) for o, c in zip(opens, close, strict=True)]
        n, step = len(close), timedelta(minutes=timeframe.minutes)
        ts = pl.Series("ts", [start + i * step for i in range(n)], dtype=pl.Datetime("us", "UTC"))
        days = calendar_of(calendar)
        frame = pl.DataFrame(
            {
                "ts": ts,
                "ts_close": ts + step,
                "open": pl.Series(opens, dtype=pl.Float64),
                "high": pl.Series(highs, dtype=pl.Float64),
                "low": pl.Series(lows, dtype=pl.Float64),
                "close": pl.Series(list(close), dtype=pl.Float64),
                "volume": pl.Series(list(volume) if volume is not None else [1.0] * n, dtype=pl.Float64),
                "session_date": days.session_date(ts),
            }
        )
        return cls(frame, symbol, timeframe, days)
