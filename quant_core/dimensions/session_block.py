"""Trading sessions as three long blocks of the day.

Put here: the dimension ``session_block``.
Keep out: the finer cut (session.py) and the cities' own clocks (city_session.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import ClockDimension


@dataclass(frozen=True)
class SessionBlock(ClockDimension):
    """Block of the trading day by the hour: asia 23-6, london 7-12, newyork 13-20, off 21-22.

    Attributes:
        zone: whose hours are cut: ``utc`` (the default), an IANA zone, or ``session``.

    Look-ahead: none. Missing: null for bars of a session or longer, which have no time of day.
    Source: ours; the source system's blocks (asia 23–07, london 07–15, newyork 13–21), the later one where two overlap.

    Example, by hand: 06:00 is the last hour of asia, 07:00 the first of london.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> SessionBlock().labels(Bars.of(close=[1, 2], start=datetime(2024, 1, 1, 6, tzinfo=UTC))).to_list()
    ['asia', 'london']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return ("asia", "london", "newyork", "off")

    def code_of(self, clock: pl.Expr) -> pl.Expr:
        hour = clock.dt.hour()
        morning, afternoon = hour.is_between(7, 12), hour.is_between(13, 20)
        return pl.when(morning).then(1).when(afternoon).then(2).when(hour.is_between(21, 22)).then(3).otherwise(0)
