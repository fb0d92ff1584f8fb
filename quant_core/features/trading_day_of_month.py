"""Place of a session among the sessions of its month.

Put here: the feature ``trading_day_of_month``.
Keep out: calendar days and the turn of the month as bins (dimensions/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.bars.schedule import by_session, sessions_around
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
        if bars.timeframe == Timeframe.W1:
            return pl.Series(self.canonical, [None] * len(bars), dtype=pl.Int32)
        place = pl.col("ordinal") if self.count_from == "start" else -pl.col("from_end").cast(pl.Int32)
        table = sessions_around(bars).with_columns(place=place.cast(pl.Int32))
        return by_session(bars, table, "place").alias(self.canonical)
