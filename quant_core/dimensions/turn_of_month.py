"""The turn of the month.

Put here: the dimension ``turn_of_month``.
Keep out: single days around it (trading_day_of_month.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import polars as pl
from pydantic import Field

from quant_core.bars import Bars
from quant_core.bars.schedule import by_session, sessions_around
from quant_core.dimensions.contract import DAY_MINUTES, Cycle, Dimension


@dataclass(frozen=True)
class TurnOfMonth(Dimension):
    """``turn`` on the last ``before`` and the first ``after`` trading sessions of a month, else ``rest``.

    A turn is one stretch of sessions over the border of two months and belongs to the month in which it ends: the turn
    that begins on 31 December is the January turn of the next year.

    Attributes:
        before: sessions before the month ends, ≥ 0; default 1.
        after: sessions after the month begins, ≥ 0; default 3.

    Look-ahead: none; the schedule as it was published, closures at short notice from their date on.
    Missing: null on dates that are no session of the
    calendar, and for weekly bars.
    Source: Lakonishok and Smidt (1988), "Are Seasonal Anomalies Real?", Review of Financial Studies 1: the four
    sessions −1 to +3. Differs from: Ariel (1987), "A Monthly Effect in Stock Returns", whose first half of the month
    is about nine sessions, from the last one of the month before; ``before=1, after=8`` comes near it.

    Example, by hand: 31 January to 3 February on an always-open market.

    >>> from datetime import UTC, datetime
    >>> from quant_core.timeframes import Timeframe
    >>> bars = Bars.of(close=[1.0] * 6, start=datetime(2024, 1, 30, tzinfo=UTC), timeframe=Timeframe.D1)
    >>> TurnOfMonth().labels(bars).to_list()
    ['rest', 'turn', 'turn', 'turn', 'turn', 'rest']
    >>> TurnOfMonth().cycle_day(bars).dt.month().to_list()
    [1, 2, 2, 2, 2, 2]
    """

    before: Annotated[int, Field(ge=0, le=31)] = 1
    after: Annotated[int, Field(ge=0, le=31)] = 3

    @property
    def bins(self) -> tuple[str, ...]:
        return ("rest", "turn")

    @property
    def cycle(self) -> Cycle:
        return "month"

    def cycle_day(self, bars: Bars) -> pl.Series:
        day = pl.col("session_date")
        if bars.timeframe.minutes > DAY_MINUTES or not self.before:
            return super().cycle_day(bars)
        next_month = day.dt.month_start().dt.offset_by("1mo")
        ends = pl.when(pl.col("from_end") <= self.before).then(next_month).otherwise(day)
        table = sessions_around(bars).with_columns(cycle_day=ends)
        return by_session(bars, table, "cycle_day").fill_null(super().cycle_day(bars)).alias("session_date")

    def codes(self, bars: Bars) -> pl.Series:
        if bars.timeframe.minutes > DAY_MINUTES:
            return self._none(bars)
        code = (pl.col("ordinal") <= self.after) | (pl.col("from_end") <= self.before)
        table = sessions_around(bars).with_columns(code=code.cast(pl.Int32))
        return by_session(bars, table, "code").alias(self.canonical)
