"""Logarithmic return over a number of bars.

Put here: the feature ``log_return``.
Keep out: returns after the bar (targets/forward_return_n.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class LogReturn(Feature):
    """The natural logarithm of the close over the close ``window_bars`` bars before.

    r_t = ln(close_t / close_{t−window_bars})

    Attributes:
        window_bars: bars back, ≥ 1.

    Look-ahead: none. Missing: null for the first ``window_bars`` bars and where either close is not positive.
    Source: none, ours.

    Example, by hand: ln(1) = 0, then a price of −1 has no logarithm, neither as end nor as start.

    >>> LogReturn().compute(Bars.of(close=[2, 2, -1, 2])).to_list()
    [None, 0.0, None, None]
    """

    window_bars: Count = renamed(1, "n")

    @property
    def warmup(self) -> int:
        return self.window_bars

    @property
    def unit(self) -> str:
        return "log fraction"

    def compute(self, bars: Bars) -> pl.Series:
        log = pl.when(pl.col("close") > 0).then(pl.col("close").log())
        return bars.frame.select(log.diff(self.window_bars).alias(self.canonical)).to_series()
