"""Week of the year a bar belongs to.

Put here: the feature ``week_of_year``.
Keep out: groups of such bars (conditions).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.features._clock import DateZone, local_date, only_if
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class WeekOfYear(Feature):
    """The ISO 8601 week of the year, 1 to 53; week 1 holds the first Thursday.

    Attributes:
        zone: ``session`` for the date of the trading session, an IANA zone for the date of the bar's open
            there, or ``exchange`` for the calendar's zone.

    Look-ahead: none. Missing: none.
    Source: none, ours.

    Example, by hand: 2024-01-01, a Monday, opens week 1; the Sunday before ended week 52.

    >>> WeekOfYear().compute(Bars.of(close=[1])).to_list()
    [1]
    >>> WeekOfYear(zone="America/New_York").compute(Bars.of(close=[1])).to_list()
    [52]
    """

    zone: DateZone = "session"

    @property
    def unit(self) -> str:
        return "week 1 to 53"

    def compute(self, bars: Bars) -> pl.Series:
        return only_if(True, local_date(bars, self.zone).dt.week(), self.canonical)
