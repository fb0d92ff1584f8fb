"""Hour of the day at which a bar opens.

Put here: the feature ``hour``.
Keep out: sessions of several hours (features/session_label.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.features._clock import ClockZone, local_open, only_if
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class Hour(Feature):
    """The hour, 0 to 23, of the bar's open on the clock of a zone.

    Attributes:
        zone: IANA zone, or ``exchange`` for the calendar's zone. A named zone follows its daylight saving.

    Look-ahead: none. Missing: null for bars of a session or longer, which have no hour.
    Source: none, ours.

    Example, by hand: midnight UTC in winter is 19 hours in New York; a daily bar has no hour.

    >>> Hour().compute(Bars.of(close=[1, 2])).to_list()
    [0, 1]
    >>> Hour(zone="America/New_York").compute(Bars.of(close=[1, 2])).to_list()
    [19, 20]
    >>> from quant_core.timeframes import Timeframe
    >>> Hour().compute(Bars.of(close=[1], timeframe=Timeframe.D1)).to_list()
    [None]
    """

    zone: ClockZone = "UTC"

    @property
    def unit(self) -> str:
        return "hour 0 to 23"

    def compute(self, bars: Bars) -> pl.Series:
        return only_if(bars.timeframe.is_intraday, local_open(bars, self.zone).dt.hour(), self.canonical)
