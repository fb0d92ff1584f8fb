"""Month of the year a bar belongs to.

Put here: the feature ``month``.
Keep out: groups of such bars (conditions).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.features._clock import DateZone, local_date, only_if
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class Month(Feature):
    """The month of the year, 1 to 12; of a weekly bar, the month of its session date.

    Attributes:
        zone: ``session`` for the date of the trading session, an IANA zone for the date of the bar's open
            there, or ``exchange`` for the calendar's zone.

    Look-ahead: none. Missing: none.
    Source: none, ours.

    Example, by hand: the first hour of 2024-01-01 UTC was December in New York.

    >>> Month().compute(Bars.of(close=[1])).to_list()
    [1]
    >>> Month(zone="America/New_York").compute(Bars.of(close=[1])).to_list()
    [12]
    """

    zone: DateZone = "session"

    @property
    def unit(self) -> str:
        return "month 1 to 12"

    def compute(self, bars: Bars) -> pl.Series:
        return only_if(True, local_date(bars, self.zone).dt.month(), self.canonical)
