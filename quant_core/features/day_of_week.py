"""Day of the week a bar belongs to.

Put here: the feature ``day_of_week``.
Keep out: groups of such bars (conditions).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.features._clock import DateZone, local_date, only_if
from quant_core.features.contract import Feature
from quant_core.timeframes import Timeframe


@dataclass(frozen=True)
class DayOfWeek(Feature):
    """The day of the week, 0 = Monday to 6 = Sunday.

    Attributes:
        zone: ``session`` for the date of the trading session, an IANA zone for the date of the bar's open
            there, or ``exchange`` for the calendar's zone.

    Look-ahead: none. Missing: null for weekly bars, which have no single day.
    Source: none, ours.

    Example, by hand: 2024-01-01 was a Monday; its first hour was still Sunday in New York.

    >>> DayOfWeek().compute(Bars.of(close=[1])).to_list()
    [0]
    >>> DayOfWeek(zone="America/New_York").compute(Bars.of(close=[1])).to_list()
    [6]
    """

    zone: DateZone = "session"

    @property
    def unit(self) -> str:
        return "weekday 0 to 6"

    def compute(self, bars: Bars) -> pl.Series:
        return only_if(bars.timeframe != Timeframe.W1, local_date(bars, self.zone).dt.weekday() - 1, self.canonical)
