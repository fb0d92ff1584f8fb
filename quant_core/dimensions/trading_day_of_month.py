"""Place of the trading session in its month, counted from both ends.

Put here: the dimension ``trading_day_of_month``.
Keep out: calendar days (day_in_month.py) and the classic window (turn_of_month.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import polars as pl
from pydantic import Field

from quant_core.bars import Bars
from quant_core.bars.schedule import by_session, sessions_around
from quant_core.dimensions.contract import DAY_MINUTES, Cycle, Dimension

DaysAtEnd = Annotated[int, Field(ge=1, le=11)]


@dataclass(frozen=True)
class TradingDayOfMonth(Dimension):
    """Trading day of the month: 1 … k from the start, -k … -1 from the end, ``middle`` in between.

    Sessions are those of the calendar's schedule; in a month with fewer than 2k of them a session takes
    the nearer end, the start on a tie.

    Attributes:
        k: sessions named at either end, 1-11.

    Look-ahead: none; the schedule as it was published, closures at short notice from their date on.
    Missing: null on dates that are no session of the
    calendar, and for weekly bars.
    Source: none, ours.

    Example, by hand: an always-open January has 31 sessions.

    >>> from datetime import UTC, datetime
    >>> from quant_core.timeframes import Timeframe
    >>> bars = Bars.of(close=[1.0] * 4, start=datetime(2024, 1, 30, tzinfo=UTC), timeframe=Timeframe.D1)
    >>> TradingDayOfMonth(k=2).labels(bars).to_list()
    ['-2', '-1', '1', '2']
    """

    k: DaysAtEnd = 5

    @property
    def bins(self) -> tuple[str, ...]:
        ends = range(1, self.k + 1)
        return (*(str(d) for d in ends), "middle", *(str(-d) for d in reversed(ends)))

    @property
    def cycle(self) -> Cycle:
        return "month"

    def codes(self, bars: Bars) -> pl.Series:
        if bars.timeframe.minutes > DAY_MINUTES:
            return self._none(bars)
        first, last = pl.col("ordinal"), pl.col("from_end")
        code = (
            pl.when((first <= self.k) & (first <= last))
            .then(first - 1)
            .when(last <= self.k)
            .then(2 * self.k + 1 - last)
            .otherwise(self.k)
        )
        table = sessions_around(bars).with_columns(code=code.cast(pl.Int32))
        return by_session(bars, table, "code").alias(self.canonical)
