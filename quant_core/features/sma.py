"""Simple moving average of the close.

Put here: the feature ``sma``.
Keep out: exponentially weighted averages (features/ema.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class Sma(Feature):
    """The mean of the last ``window_bars`` closes, this one included.

    Attributes:
        window_bars: length in bars, ≥ 1.

    Look-ahead: none. Missing: null for the first ``window_bars`` − 1 bars.
    Source: TA-Lib's SMA.

    Example, by hand: (1 + 2)/2, then (2 + 6)/2.

    >>> Sma(window_bars=2).compute(Bars.of(close=[1, 2, 6])).to_list()
    [None, 1.5, 4.0]
    """

    window_bars: Count = renamed(20, "period")

    @property
    def warmup(self) -> int:
        return self.window_bars - 1

    @property
    def unit(self) -> str:
        return "price"

    def compute(self, bars: Bars) -> pl.Series:
        return bars.frame["close"].rolling_mean(self.window_bars).alias(self.canonical)
