"""The average true range as a value per bar.

Put here: the value ``RelativeAtr``.
Keep out: the average true range itself (features/atr.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count
from quant_core.features.atr import Atr
from quant_core.profile_metrics._samples import TINY_PRICE, BarValue


@dataclass(frozen=True)
class RelativeAtr(BarValue):
    """Average true range divided by the close.

    Look-ahead: none. Missing: null in the warm-up and where the close is not above 1e-12.

    Example, by hand: true ranges 2, 4; their mean is 3, the close 9.

    >>> bars = Bars.of(high=[9, 11, 13], low=[9, 9, 9], close=[9, 9, 9])
    >>> RelativeAtr(2).compute(bars).round(6).to_list()
    [None, None, 0.333333]
    """

    period: Count = 14

    @property
    def window_bars(self) -> int:
        return self.period

    def expression(self, bars: Bars) -> pl.Expr:
        ranges = pl.lit(Atr(window_bars=self.period).compute(bars))
        return pl.when(pl.col("close") > TINY_PRICE).then(ranges / pl.col("close"))
