"""Bars whose range exceeds the range before on both sides.

Put here: the event ``outside_bar``.
Keep out: the opposite (events/inside_bar.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.events.contract import Event


@dataclass(frozen=True)
class OutsideBar(Event):
    """The bar goes strictly beyond the previous one on both sides: high_t > high_{t−1} and low_t < low_{t−1}.

    Look-ahead: none. Missing: null for the first bar.
    Source: none, ours; an equal high or low is not outside.

    Example, by hand: 1 to 5 is outside 2 to 4; 1 to 6 shares a low with it.

    >>> OutsideBar().mask(Bars.of(high=[4, 5, 6], low=[2, 1, 1], close=[3, 3, 3])).to_list()
    [None, True, False]
    """

    @property
    def warmup(self) -> int:
        return 1

    def mask(self, bars: Bars) -> pl.Series:
        beyond = (pl.col("high") > pl.col("high").shift(1)) & (pl.col("low") < pl.col("low").shift(1))
        known = pl.col("close").shift(1).is_not_null()
        return bars.frame.select(pl.when(known).then(beyond).alias(self.canonical)).to_series()
