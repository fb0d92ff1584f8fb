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

    Attributes:
        before: sessions before the month ends, ≥ 0; default 1.
        after: sessions after the month begins, ≥ 0; default 3.

    Look-ahead: none; the schedule as it was published, closures at short notice from their date on.
    Missing: null on dates that are no session of the
    calendar, and for weekly bars.
    Source: the window of Lakonishok and Smidt (1988), last session and first three.

    Example, by hand: 31 January to 3 February on an always-open market.

    >>> from datetime import UTC, datetime
    >>> from quant_core.timeframes import Timeframe
    >>> bars = Bars.of(close=[1.0] * 6, start=datetime(2024, 1, 30, tzinfo=UTC), timeframe=Timeframe.D1)
    >>> TurnOfMonth().labels(bars).to_list()
    ['rest', 'turn', 'turn', 'turn', 'turn', 'rest']
    """

    before: Annotated[int, Field(ge=0, le=31)] = 1
    after: Annotated[int, Field(ge=0, le=31)] = 3

    @property
    def bins(self) -> tuple[str, ...]:
        return ("rest", "turn")

    @property
    def cycle(self) -> Cycle:
        return "month"

    def codes(self, bars: Bars) -> pl.Series:
        if bars.timeframe.minutes > DAY_MINUTES:
            return self._none(bars)
        code = (pl.col("ordinal") <= self.after) | (pl.col("from_end") <= self.before)
        table = sessions_around(bars).with_columns(code=code.cast(pl.Int32))
        return by_session(bars, table, "code").alias(self.canonical)
