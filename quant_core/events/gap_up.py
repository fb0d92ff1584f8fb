"""Bars that trade wholly above the bar before.

Put here: the event ``gap_up``.
Keep out: opening gaps that may be filled within the bar (features/gap.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.events.contract import Event


@dataclass(frozen=True)
class GapUp(Event):
    """The whole bar lies above the whole previous bar: low_t > high_{t−1}. Touching is no gap.

    Look-ahead: none. Missing: null for the first bar.
    Source: ours; the definition of the source system's ``gap_up``.

    Example, by hand: 3 to 4 lies above 1 to 2; 4 to 5 touches it.

    >>> GapUp().mask(Bars.of(high=[2, 4, 5], low=[1, 3, 4], close=[1, 3, 4])).to_list()
    [None, True, False]
    """

    @property
    def warmup(self) -> int:
        return 1

    def mask(self, bars: Bars) -> pl.Series:
        return bars.frame.select((pl.col("low") > pl.col("high").shift(1)).alias(self.canonical)).to_series()
