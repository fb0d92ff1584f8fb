"""Hours with scheduled economic news.

Put here: the dimension ``is_news_hour``.
Keep out: a calendar of actual releases: this is a flag by the clock only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import polars as pl
from pydantic import Field

from quant_core.dimensions.contract import FLAG_BINS, ClockDimension


@dataclass(frozen=True)
class IsNewsHour(ClockDimension):
    """1 when the bar opens in an hour in which news is usually released.

    Attributes:
        zone: IANA zone of the hours; default UTC. Releases keep local time, so a zone with its own hours
            (America/New_York: 8, 9, 15) does not move with daylight saving.
        hours: hours of day, 0-23; default 13, 14 and 20.

    Look-ahead: none. Missing: null for bars of a session or longer, which have no time of day.
    Source: ours; the source system's definition, with a zone.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0, 1.0, 1.0], start=datetime(2024, 1, 1, 12, tzinfo=UTC))
    >>> IsNewsHour().labels(bars).to_list(), IsNewsHour(hours=(12,)).labels(bars).to_list()
    (['0', '1', '1'], ['1', '0', '0'])
    """

    hours: tuple[Annotated[int, Field(ge=0, le=23)], ...] = (13, 14, 20)

    @property
    def bins(self) -> tuple[str, ...]:
        return FLAG_BINS

    def code_of(self, clock: pl.Expr) -> pl.Expr:
        return clock.dt.hour().is_in(list(self.hours))
