"""Bars whose range lies within the range before.

Put here: the event ``inside_bar``.
Keep out: the opposite (events/outside_bar.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.events.contract import Event


@dataclass(frozen=True)
class InsideBar(Event):
    """The bar stays strictly within the previous one: high_t < high_{t−1} and low_t > low_{t−1}.

    Look-ahead: none. Missing: null for the first bar.
    Source: none, ours; an equal high or low is not inside.

    Example, by hand: 2 to 4 is inside 1 to 5; 2 to 3 shares a low with it.

    >>> InsideBar().mask(Bars.of(high=[5, 4, 3], low=[1, 2, 2], close=[2, 3, 3])).to_list()
    [None, True, False]
    """

    @property
    def warmup(self) -> int:
        return 1

    def mask(self, bars: Bars) -> pl.Series:
        within = (pl.col("high") < pl.col("high").shift(1)) & (pl.col("low") > pl.col("low").shift(1))
        known = pl.col("close").shift(1).is_not_null()
        return bars.frame.select(pl.when(known).then(within).alias(self.canonical)).to_series()
