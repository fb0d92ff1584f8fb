"""First calendar day of a month.

Put here: the dimension ``is_month_start``.
Keep out: the first trading days (trading_day_of_month.py, turn_of_month.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import FLAG_BINS, Cycle, WeekdayDimension


@dataclass(frozen=True)
class IsMonthStart(WeekdayDimension):
    """1 when the bar's date is day 1 of its month.

    Attributes:
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date.

    Look-ahead: none. Missing: null for weekly bars.
    Source: ours; the source system's definition, with a zone.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0, 1.0], start=datetime(2024, 1, 31, 23, tzinfo=UTC))
    >>> IsMonthStart().labels(bars).to_list()
    ['0', '1']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return FLAG_BINS

    @property
    def cycle(self) -> Cycle:
        return "month"

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return day.dt.day() == 1
