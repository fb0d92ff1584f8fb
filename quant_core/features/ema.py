"""Exponential moving average of the close.

Put here: the feature ``ema``.
Keep out: the equally weighted average (features/sma.py) and averages of higher bars (features/htf_ema_slope.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.features._smoothing import seeded_average
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class Ema(Feature):
    """The close averaged with weights that fall by (w − 1)/(w + 1) per bar, w = ``window_bars``.

    Seed = mean of the first ``window_bars`` closes, then EMA_t = EMA_{t−1} + 2/(w + 1)·(close_t − EMA_{t−1}).

    Attributes:
        window_bars: span in bars, ≥ 1.

    Look-ahead: none. Missing: null for the first ``window_bars`` − 1 bars.
    Differs from: source systems seeded with the first close, which have no warm-up.
    Source: TA-Lib's EMA.

    Example, by hand, weight 1/2: seed (1 + 2 + 3)/3 = 2, then (6 + 2)/2 = 4. Too few bars give nulls only.

    >>> Ema(window_bars=3).compute(Bars.of(close=[1, 2, 3, 6])).to_list()
    [None, None, 2.0, 4.0]
    >>> Ema(window_bars=3).compute(Bars.of(close=[1, 2])).to_list()
    [None, None]
    """

    window_bars: Count = renamed(20, "period")

    @property
    def warmup(self) -> int:
        return self.window_bars - 1

    @property
    def unit(self) -> str:
        return "price"

    def compute(self, bars: Bars) -> pl.Series:
        return seeded_average(bars.frame["close"], self.window_bars, 2 / (self.window_bars + 1)).alias(self.canonical)
