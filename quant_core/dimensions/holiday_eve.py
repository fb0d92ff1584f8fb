"""The last session before a holiday.

Put here: the dimension ``holiday_eve``.
Keep out: the holidays themselves (calendars).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.bars.schedule import by_session, sessions_around
from quant_core.dimensions.contract import DAY_MINUTES, FLAG_BINS, Cycle, Dimension


@dataclass(frozen=True)
class HolidayEve(Dimension):
    """1 when a weekday without a session lies between this session and the next one.

    Attributes: none.

    Look-ahead: none; the schedule as it was published, closures at short notice from their date on.
    Missing: null on dates that are no session of the
    calendar, and for weekly bars. A calendar that never closes has no holiday eve.
    Source: none, ours.

    Example, by hand: an always-open market has none; XNYS has one on 2024-07-03.

    >>> HolidayEve().labels(Bars.of(close=[1.0])).to_list()
    ['0']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return FLAG_BINS

    @property
    def cycle(self) -> Cycle:
        return "month"

    def codes(self, bars: Bars) -> pl.Series:
        if bars.timeframe.minutes > DAY_MINUTES:
            return self._none(bars)
        skipped = pl.business_day_count(pl.col("session_date").dt.offset_by("1d"), pl.col("next_date"))
        table = sessions_around(bars).with_columns(code=(skipped > 0).cast(pl.Int32))
        return by_session(bars, table, "code").alias(self.canonical)
