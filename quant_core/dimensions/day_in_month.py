"""Day of month.

Put here: the dimension ``day_in_month``.
Keep out: trading days (trading_day_of_month.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import Cycle, WeekdayDimension


@dataclass(frozen=True)
class DayInMonth(WeekdayDimension):
    """Calendar day of the bar's date, 1 to 31.

    Attributes:
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date.

    Look-ahead: none. Missing: null for weekly bars.
    Source: ours; the source system's definition, with a zone.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0, 1.0], start=datetime(2024, 2, 29, 23, tzinfo=UTC))
    >>> DayInMonth().labels(bars).to_list()
    ['29', '1']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return tuple(str(d) for d in range(1, 32))

    @property
    def cycle(self) -> Cycle:
        return "month"

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return day.dt.day() - 1
