"""Day of the week as a state.

Put here: the condition ``day_of_week``.
Keep out: the number itself (features/day_of_week.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.conditions.contract import Condition
from quant_core.features._clock import DateZone
from quant_core.features.day_of_week import DayOfWeek as WeekdayNumber


@dataclass(frozen=True)
class DayOfWeek(Condition):
    """The day of the week, ``0`` = Monday to ``6`` = Sunday.

    Attributes:
        zone: ``session`` for the date of the trading session, an IANA zone for the date of the bar's open there, or
            ``exchange`` for the calendar's zone.

    Look-ahead: none. Missing: null for weekly bars.
    Source: none, ours.

    Example, by hand: 2024-01-01 was a Monday; its first hour was still Sunday in New York.

    >>> DayOfWeek().labels(Bars.of(close=[1])).to_list()
    ['0']
    >>> DayOfWeek(zone="America/New_York").labels(Bars.of(close=[1])).to_list()
    ['6']
    """

    zone: DateZone = "session"

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(str(i) for i in range(7))

    def labels(self, bars: Bars) -> pl.Series:
        return WeekdayNumber(zone=self.zone).compute(bars).cast(pl.String).alias(self.canonical)
