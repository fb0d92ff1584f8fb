"""The turn of the month against the rest of it.

Put here: the condition ``turn_of_month``.
Keep out: the place of a session in its month as a number (features/trading_day_of_month.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import polars as pl
from pydantic import Field

from quant_core.bars import Bars
from quant_core.conditions.contract import Condition
from quant_core.features.trading_day_of_month import TradingDayOfMonth


@dataclass(frozen=True)
class TurnOfMonth(Condition):
    """Whether the session is among the last of its month or the first of the next (``turn``) or not (``rest``).

    Attributes:
        n_last_days: sessions at the end of a month, ≥ 0.
        n_first_days: sessions at the start of a month, ≥ 0.

    Look-ahead: none for scheduled sessions; the calendar is published in advance (see trading_day_of_month on
    unscheduled closures). Missing: null for weekly bars and for dates that the calendar does not know as a session.
    Source: none, ours.

    Example, by hand: 30 and 31 January, 1 to 4 February, on a calendar that is always open.

    >>> from datetime import UTC, datetime
    >>> from quant_core.timeframes import Timeframe
    >>> days = Bars.of(close=[1] * 6, start=datetime(2024, 1, 30, tzinfo=UTC), timeframe=Timeframe.D1)
    >>> TurnOfMonth().labels(days).to_list()
    ['rest', 'turn', 'turn', 'turn', 'turn', 'rest']
    """

    n_last_days: Annotated[int, Field(ge=0)] = 1
    n_first_days: Annotated[int, Field(ge=0)] = 3

    @property
    def values(self) -> tuple[str, ...]:
        return ("turn", "rest")

    def labels(self, bars: Bars) -> pl.Series:
        place = pl.DataFrame(
            {
                "first": TradingDayOfMonth(count_from="start").compute(bars),
                "last": TradingDayOfMonth(count_from="end").compute(bars),
            }
        )
        turn = (pl.col("first") <= self.n_first_days) | (pl.col("last") >= -self.n_last_days)
        label = pl.when(turn).then(pl.lit("turn")).when(~turn).then(pl.lit("rest"))
        return place.select(label.alias(self.canonical)).to_series()
