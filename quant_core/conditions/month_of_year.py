"""Month of the year as a state.

Put here: the condition ``month_of_year``.
Keep out: the number itself (features/month.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.conditions.contract import Condition
from quant_core.features._clock import DateZone
from quant_core.features.month import Month


@dataclass(frozen=True)
class MonthOfYear(Condition):
    """The month, ``1`` to ``12``; of a weekly bar, the month of its session date.

    Attributes:
        zone: ``session`` for the date of the trading session, an IANA zone for the date of the bar's open there, or
            ``exchange`` for the calendar's zone.

    Look-ahead: none. Missing: none.
    Source: none, ours.

    Example, by hand: the first hour of 2024-01-01 UTC was December in New York.

    >>> MonthOfYear().labels(Bars.of(close=[1])).to_list()
    ['1']
    >>> MonthOfYear(zone="America/New_York").labels(Bars.of(close=[1])).to_list()
    ['12']
    """

    zone: DateZone = "session"

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(str(i) for i in range(1, 13))

    def labels(self, bars: Bars) -> pl.Series:
        return Month(zone=self.zone).compute(bars).cast(pl.String).alias(self.canonical)
