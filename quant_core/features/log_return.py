"""Logarithmic return over a number of bars.

Put here: the feature ``log_return``.
Keep out: returns after the bar (targets/forward_return_n.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class LogReturn(Feature):
    """The natural logarithm of the close over the close ``n`` bars before.

    r_t = ln(close_t / close_{t−n})

    Attributes:
        n: bars back, ≥ 1.

    Look-ahead: none. Missing: null for the first n bars and where either close is not positive.
    Source: none, ours.

    Example, by hand: ln(1) = 0, then a price of −1 has no logarithm, neither as end nor as start.

    >>> LogReturn().compute(Bars.of(close=[2, 2, -1, 2])).to_list()
    [None, 0.0, None, None]
    """

    n: Count = 1

    @property
    def warmup(self) -> int:
        return self.n

    @property
    def unit(self) -> str:
        return "log fraction"

    def compute(self, bars: Bars) -> pl.Series:
        log = pl.when(pl.col("close") > 0).then(pl.col("close").log())
        return bars.frame.select(log.diff(self.n).alias(self.canonical)).to_series()
