"""Named trading session of the day.

Put here: the dimension ``session``.
Keep out: the trading day of the calendar (``session_date``) and clocks from its open (minutes_from_session_open.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import ClockDimension


@dataclass(frozen=True)
class Session(ClockDimension):
    """Part of the trading day by the hour: Asia 0-6, Europe 7-11, EU_US_overlap 12-15, US 16-20, Other 21-23.

    Attributes:
        zone: whose hours are cut: ``utc`` (the default), an IANA zone, or ``session``.

    Look-ahead: none. Missing: null for bars of a session or longer, which have no time of day.
    Source: ours; the source system's definition, with a zone.

    Example, by hand: 06:00 is the last hour of Asia, 07:00 the first of Europe.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0, 1.0], start=datetime(2024, 1, 1, 6, tzinfo=UTC))
    >>> Session().labels(bars).to_list()
    ['Asia', 'Europe']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return ("Asia", "Europe", "EU_US_overlap", "US", "Other")

    def code_of(self, clock: pl.Expr) -> pl.Expr:
        hour = clock.dt.hour()
        return sum(((hour >= start).cast(pl.Int32) for start in _STARTS[1:]), start=pl.lit(0, dtype=pl.Int32))


_STARTS = (0, 7, 12, 16, 21)
"""First hour of each session."""
