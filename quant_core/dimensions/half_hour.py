"""Half hour of day.

Put here: the dimension ``half_hour``.
Keep out: hours (hour.py) and clocks that start at the session (minutes_from_session_open.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import ClockDimension


@dataclass(frozen=True)
class HalfHour(ClockDimension):
    """Half hour of the bar's open on a named clock, ``00:00`` to ``23:30``.

    Attributes:
        zone: ``utc`` (the default), an IANA zone, or ``session`` for the clock of the session's market.

    Look-ahead: none. Missing: null for bars of a session or longer, which have no time of day.
    Source: none, ours.

    Example, by hand: 08:30 belongs to the bin it starts.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> from quant_core.timeframes import Timeframe
    >>> bars = Bars.of(close=[1.0, 1.0], start=datetime(2024, 1, 1, 8, 15, tzinfo=UTC), timeframe=Timeframe.M15)
    >>> HalfHour().labels(bars).to_list()
    ['08:00', '08:30']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return tuple(f"{i // 2:02d}:{i % 2 * 30:02d}" for i in range(48))

    def code_of(self, clock: pl.Expr) -> pl.Expr:
        return clock.dt.hour().cast(pl.Int32) * 2 + clock.dt.minute().cast(pl.Int32) // 30
