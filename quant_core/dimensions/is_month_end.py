"""Last calendar day of a month.

Put here: the dimension ``is_month_end``.
Keep out: the last trading days (last_day_of_month.py with ``basis=business``).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import FLAG_BINS, Cycle, WeekdayDimension


@dataclass(frozen=True)
class IsMonthEnd(WeekdayDimension):
    """1 when the bar's date is the last calendar day of its month.

    Attributes:
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date.

    Look-ahead: none. Missing: null for weekly bars.
    Source: ours; the source system's definition, with a zone.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0, 1.0], start=datetime(2024, 2, 29, 23, tzinfo=UTC))
    >>> IsMonthEnd().labels(bars).to_list()
    ['1', '0']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return FLAG_BINS

    @property
    def cycle(self) -> Cycle:
        return "month"

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return day == day.dt.month_end()
