"""Bars that close below their open.

Put here: the event ``bearish_candle``.
Keep out: runs of such bars (events/k_consecutive.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.events.contract import Event


@dataclass(frozen=True)
class BearishCandle(Event):
    """The bar closed below its open: close < open. A doji (equality) is no event.

    Look-ahead: none. Missing: never null.
     Source: ours; the definition of the source system's ``bearish_candle``.

     Example, by hand: one up, one doji, one down.

    >>> BearishCandle().mask(Bars.of(open=[1, 2, 3], close=[2, 2, 2])).to_list()
    [False, False, True]
    """

    def mask(self, bars: Bars) -> pl.Series:
        return bars.frame.select((pl.col("close") < pl.col("open")).alias(self.canonical)).to_series()
