"""Week of month.

Put here: the dimension ``week_in_month``.
Keep out: ISO weeks (week_of_year.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import Cycle, WeekdayDimension


@dataclass(frozen=True)
class WeekInMonth(WeekdayDimension):
    """Seven-day week of the month: floor((day - 1) / 7) + 1, 1 to 5.

    Attributes:
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date.

    Look-ahead: none. Missing: null for weekly bars.
    Source: ours; the source system's definition, with a zone.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0, 1.0], start=datetime(2024, 1, 7, 23, tzinfo=UTC))
    >>> WeekInMonth().labels(bars).to_list()
    ['1', '2']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return tuple(str(w) for w in range(1, 6))

    @property
    def cycle(self) -> Cycle:
        return "month"

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return (day.dt.day() - 1) // 7
