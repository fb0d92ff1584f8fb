"""Day of week.

Put here: the dimension ``dow``.
Keep out: what depends on the place in the month (trading_day_of_month.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import Cycle, WeekdayDimension


@dataclass(frozen=True)
class Dow(WeekdayDimension):
    """Weekday of the bar's date, 0 = Monday to 6 = Sunday.

    Attributes:
        zone: ``session`` (the default; Sunday evening FX is Monday), ``utc`` or an IANA zone: whose date.

    Look-ahead: none. Missing: null for weekly bars.
    Source: ours. Differs from: the source system's code, which counted from 1.

    Example, by hand: 2024-01-01 was a Monday; at 03:00 UTC it was still Sunday in New York.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0], start=datetime(2024, 1, 1, 3, tzinfo=UTC))
    >>> Dow().labels(bars).to_list(), Dow(zone="America/New_York").labels(bars).to_list()
    (['0'], ['6'])
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return tuple(str(d) for d in range(7))

    @property
    def cycle(self) -> Cycle:
        return "week"

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return day.dt.weekday() - 1
