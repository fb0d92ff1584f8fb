"""Whether a bar closed above or below its open.

Put here: the condition ``candle_color``.
Keep out: the same as events (events/bullish_candle.py, events/bearish_candle.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.conditions.contract import Condition


@dataclass(frozen=True)
class CandleColor(Condition):
    """``up`` where the close is above the open, ``down`` where it is below, ``flat`` where they are equal.

    Look-ahead: none. Missing: none possible.
    Source: none, ours.

    Example, by hand:

    >>> CandleColor().labels(Bars.of(open=[1, 2, 1], close=[2, 1, 1])).to_list()
    ['up', 'down', 'flat']
    """

    @property
    def values(self) -> tuple[str, ...]:
        return ("up", "down", "flat")

    def labels(self, bars: Bars) -> pl.Series:
        move = pl.col("close") - pl.col("open")
        label = pl.when(move > 0).then(pl.lit("up")).when(move < 0).then(pl.lit("down")).otherwise(pl.lit("flat"))
        return bars.frame.select(label.alias(self.canonical)).to_series()
