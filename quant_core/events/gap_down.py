"""Bars that trade wholly below the bar before.

Put here: the event ``gap_down``.
Keep out: opening gaps that may be filled within the bar (features/gap.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.events.contract import Event


@dataclass(frozen=True)
class GapDown(Event):
    """The whole bar lies below the whole previous bar: high_t < low_{t−1}. Touching is no gap.

    Look-ahead: none. Missing: null for the first bar.
    Source: ours; the definition of the source system's ``gap_down``.

    Example, by hand: 2 to 3 lies below 4 to 5; 1 to 2 touches it.

    >>> GapDown().mask(Bars.of(high=[5, 3, 2], low=[4, 2, 1], close=[4, 2, 1])).to_list()
    [None, True, False]
    """

    @property
    def warmup(self) -> int:
        return 1

    def mask(self, bars: Bars) -> pl.Series:
        return bars.frame.select((pl.col("high") < pl.col("low").shift(1)).alias(self.canonical)).to_series()
