"""Minutes between the open of the session and the open of a bar.

Put here: the feature ``minutes_from_session_open``.
Keep out: hours of a clock (dimensions/) and steps of minutes as bins (dimensions/minutes_from_session_open.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class MinutesFromSessionOpen(Feature):
    """Whole minutes, rounded down, from the calendar's session open to the bar's open; negative before the open.

    Look-ahead: none; session times are published in advance. Missing: null for bars of a session or longer.
    Source: none, ours.

    Example, by hand: a calendar that is always open starts its session at midnight UTC.

    >>> from datetime import UTC, datetime
    >>> bars = Bars.of(close=[1, 2], start=datetime(2024, 1, 1, 23, tzinfo=UTC))
    >>> MinutesFromSessionOpen().compute(bars).to_list()
    [1380, 0]
    """

    @property
    def unit(self) -> str:
        return "minutes"

    def compute(self, bars: Bars) -> pl.Series:
        if not bars.timeframe.is_intraday:
            return pl.Series(self.canonical, [None] * len(bars), dtype=pl.Int32)
        return bars.calendar.minutes_from_open(bars.frame["ts"]).floor().cast(pl.Int32).alias(self.canonical)
