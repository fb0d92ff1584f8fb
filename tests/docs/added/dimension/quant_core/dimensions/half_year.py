"""Half of the year.

Put here: the dimension ``half_year``.
Keep out: quarters and months (quarter.py, month.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import Cycle, DayDimension


@dataclass(frozen=True)
class HalfYear(DayDimension):
    """1 from January to June, 2 from July on, by the bar's date.

    Attributes:
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date.

    Look-ahead: none. Missing: none, every bar has a bin.
    Source: none, ours.

    Example, by hand:

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> HalfYear().labels(Bars.of(close=[1.0], start=datetime(2024, 7, 1, tzinfo=UTC))).to_list()
    ['2']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return ("1", "2")

    @property
    def cycle(self) -> Cycle:
        return "year"

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return (day.dt.month() > 6).cast(pl.Int32)
