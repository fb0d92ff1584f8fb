"""Third Friday of a month.

Put here: the dimension ``is_third_friday``.
Keep out: other expiry rules; quarterly expiries are this crossed with ``month``.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import FLAG_BINS, Cycle, WeekdayDimension

FRIDAY = 5
"""ISO weekday number."""


@dataclass(frozen=True)
class IsThirdFriday(WeekdayDimension):
    """1 when the bar's date is a Friday with day 15 to 21: the monthly option expiry.

    Attributes:
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date.

    Look-ahead: none. Missing: null for weekly bars.
    Source: ours; the source system's definition, with a zone.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0, 1.0], start=datetime(2024, 3, 15, 23, tzinfo=UTC))
    >>> IsThirdFriday().labels(bars).to_list()
    ['1', '0']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return FLAG_BINS

    @property
    def cycle(self) -> Cycle:
        return "month"

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return (day.dt.weekday() == FRIDAY) & day.dt.day().is_between(15, 21)
