"""Month of year.

Put here: the dimension ``month``.
Keep out: quarters (quarter.py) and single months (is_month.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import Cycle, DayDimension


@dataclass(frozen=True)
class Month(DayDimension):
    """Month of the bar's date, 1 to 12.

    Attributes:
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date.

    Look-ahead: none. Missing: none, every bar has a bin.
    Source: ours; the source system's definition, with a zone.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0, 1.0], start=datetime(2024, 1, 31, 23, tzinfo=UTC))
    >>> Month().labels(bars).to_list()
    ['1', '2']
    """

    aliases = (("month_of_year", "month"),)

    @property
    def bins(self) -> tuple[str, ...]:
        return tuple(str(m) for m in range(1, 13))

    @property
    def cycle(self) -> Cycle:
        return "year"

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return day.dt.month() - 1
