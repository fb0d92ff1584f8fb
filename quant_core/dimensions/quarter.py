"""Calendar quarter.

Put here: the dimension ``quarter``.
Keep out: months (month.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import Cycle, DayDimension


@dataclass(frozen=True)
class Quarter(DayDimension):
    """Quarter of the bar's date, 1 to 4.

    Attributes:
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date.

    Look-ahead: none. Missing: none, every bar has a bin.
    Source: ours; the source system's definition, with a zone.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0, 1.0], start=datetime(2024, 3, 31, 23, tzinfo=UTC))
    >>> Quarter().labels(bars).to_list()
    ['1', '2']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return ("1", "2", "3", "4")

    @property
    def cycle(self) -> Cycle:
        return "year"

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return day.dt.quarter() - 1
