"""The k-th day from the end of the month.

Put here: the dimension ``last_day_of_month``; ``last_1`` … ``last_5`` are its aliases.
Keep out: all days at once (trading_day_of_month.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from quant_core.bars import Bars
from quant_core.bars.schedule import by_session, sessions_around
from quant_core.dimensions.contract import DAY_MINUTES, FLAG_BINS, SESSION, ZONE_WORDS, Cycle, Dimension, Zone, day_of


@dataclass(frozen=True)
class LastDayOfMonth(Dimension):
    """1 on the k-th day from the month's end, counting calendar days or trading sessions.

    Attributes:
        k: 1 is the last day; at most 31.
        basis: ``calendar`` counts the days of the date in ``zone``; ``business`` the sessions of the calendar.
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date, for ``basis=calendar``.

    Look-ahead: none; the schedule as it was published, closures at short notice from their date on.
    Missing: null for weekly bars and, on the business
    basis, on dates that are no session.
    Source: ours; the source system's ``last_k``, whose texts disagree on the basis: both exist here.

    Example, by hand: 2024 is a leap year, so 28 February is the second day from the end.

    >>> from datetime import UTC, datetime
    >>> from quant_core.timeframes import Timeframe
    >>> bars = Bars.of(close=[1.0] * 3, start=datetime(2024, 2, 28, tzinfo=UTC), timeframe=Timeframe.D1)
    >>> LastDayOfMonth(k=2).labels(bars).to_list(), LastDayOfMonth(basis="business").labels(bars).to_list()
    (['1', '0', '0'], ['0', '1', '0'])
    """

    k: Annotated[int, Field(ge=1, le=31)] = 1
    basis: Literal["calendar", "business"] = "calendar"
    zone: Zone = SESSION
    aliases = tuple((f"last_{k}", f"last_day_of_month(k={k})") for k in range(1, 6))
    renamed_values = ZONE_WORDS

    @property
    def bins(self) -> tuple[str, ...]:
        return FLAG_BINS

    @property
    def cycle(self) -> Cycle:
        return "month"

    def codes(self, bars: Bars) -> pl.Series:
        if bars.timeframe.minutes > DAY_MINUTES:
            return self._none(bars)
        if self.basis == "business":
            table = sessions_around(bars).with_columns(code=(pl.col("from_end") == self.k).cast(pl.Int32))
            return by_session(bars, table, "code").alias(self.canonical)
        day = day_of(bars, self.zone)
        return self._codes(bars, day == day.dt.month_end().dt.offset_by(f"{1 - self.k}d"))
