"""Relative strength index: the share of upward movement in recent movement.

Put here: the feature ``rsi``.
Keep out: bars at which it is extreme (events/rsi_extreme.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.features._smoothing import seeded_average
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class Rsi(Feature):
    """100 times average gain over average gain plus average loss, both Wilder-averaged changes of the close.

    RSI_t = 100·G_t/(G_t + L_t), with G and L seeded by the mean of the first ``window_bars`` gains and losses.

    Attributes:
        window_bars: length in bars, ≥ 1.

    Look-ahead: none. Missing: null for the first ``window_bars`` bars, and while price has not moved at all (0/0).
    Differs from: TA-Lib, which gives 0 for a price that never moved.
    Source: Wilder (1978), as implemented by TA-Lib's RSI.

    Example, by hand: changes +1, −1, +2. Seed G = L = 1/2 gives 50; then G = 1.25, L = 0.25 gives 83.33.
    Only gains give 100; no movement is undefined.

    >>> [v and round(v, 2) for v in Rsi(window_bars=2).compute(Bars.of(close=[1, 2, 1, 3])).to_list()]
    [None, None, 50.0, 83.33]
    >>> Rsi(window_bars=1).compute(Bars.of(close=[5, 5, 6])).to_list()
    [None, None, 100.0]
    """

    window_bars: Count = renamed(14, "period")

    @property
    def warmup(self) -> int:
        return self.window_bars

    @property
    def unit(self) -> str:
        return "0 to 100"

    def compute(self, bars: Bars) -> pl.Series:
        change = bars.frame["close"].diff()
        gain = seeded_average(change.clip(lower_bound=0), self.window_bars, 1 / self.window_bars)
        loss = seeded_average((-change).clip(lower_bound=0), self.window_bars, 1 / self.window_bars)
        both = pl.DataFrame({"gain": gain, "total": gain + loss})
        value = pl.when(pl.col("total") > 0).then(100 * (pl.col("gain") / pl.col("total")))
        return both.select(value.alias(self.canonical)).to_series()
