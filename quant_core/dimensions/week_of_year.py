"""Week of year.

Put here: the dimension ``week_of_year``.
Keep out: weeks within a month (week_in_month.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.dimensions.contract import Cycle, DayDimension


@dataclass(frozen=True)
class WeekOfYear(DayDimension):
    """ISO week of the bar's date, 1 to 53; week 1 holds the first Thursday.

    Its year is the ISO year, that of the week's Thursday: the last days of December are in week 1 of the next year.

    Attributes:
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date.

    Look-ahead: none. Missing: none, every bar has a bin.
    Source: ISO 8601 week numbers.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0], start=datetime(2024, 12, 30, tzinfo=UTC))
    >>> WeekOfYear().labels(bars).to_list()
    ['1']
    >>> WeekOfYear().cycle_day(bars).dt.year().to_list()
    [2025]
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return tuple(str(w) for w in range(1, 54))

    @property
    def cycle(self) -> Cycle:
        return "year"

    def cycle_day(self, bars: Bars) -> pl.Series:
        return super().cycle_day(bars).dt.truncate("1w").dt.offset_by("3d")

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return day.dt.week() - 1
