"""Place of a session among the sessions of its month.

Put here: the feature ``trading_day_of_month``.
Keep out: calendar days (features/day_of_month.py) and the turn of the month (conditions/turn_of_month.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.features._clock import only_if
from quant_core.features._session_days import of_session
from quant_core.features.contract import Feature
from quant_core.timeframes import Timeframe


@dataclass(frozen=True)
class TradingDayOfMonth(Feature):
    """The number of the bar's session within its month, counted by the calendar's sessions.

    Attributes:
        count_from: ``start``: 1 is the first session of the month; ``end``: −1 is the last, −2 the one before.

    Look-ahead: none for scheduled sessions. Counting from the end uses the calendar as known today, so an
    unscheduled closure (such as September 2001) shifts the sessions of its month before it.
    Missing: null for weekly bars and for dates that the calendar does not know as a session.
    Source: none, ours.

    Example, by hand: a calendar that is always open has 31 sessions in January.

    >>> TradingDayOfMonth().compute(Bars.of(close=[1])).to_list()
    [1]
    >>> TradingDayOfMonth(count_from="end").compute(Bars.of(close=[1])).to_list()
    [-31]
    """

    count_from: Literal["start", "end"] = "start"

    @property
    def unit(self) -> str:
        return "sessions"

    def compute(self, bars: Bars) -> pl.Series:
        place = of_session(bars, f"from_{self.count_from}")
        return only_if(bars.timeframe != Timeframe.W1, place, self.canonical)
