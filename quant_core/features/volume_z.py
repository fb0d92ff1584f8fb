"""Unusual volume, in standard deviations.

Put here: the feature ``volume_z``.
Keep out: prices weighted by volume (features/session_vwap.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Window, renamed
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class VolumeZ(Feature):
    """The bar's volume against mean and standard deviation of the ``window_bars`` bars before it.

    z_t = (volume_t − mean(volume_{t−window_bars} … volume_{t−1})) / std(same, ddof=1)

    Attributes:
        window_bars: bars of the yardstick, ≥ 2.

    Look-ahead: none. Missing: null for the first ``window_bars`` bars, while any volume involved is null, and
    while the yardstick does not vary.
    Differs from: z-scores whose window holds the bar itself: there a spike shrinks its own score.
    Source: none, ours.

    Example, by hand: 1, 2, 3 have mean 2 and standard deviation 1, so 5 scores 3. Constant volume has no scale.

    >>> VolumeZ(window_bars=3).compute(Bars.of(close=[1] * 4, volume=[1, 2, 3, 5])).to_list()
    [None, None, None, 3.0]
    >>> VolumeZ(window_bars=2).compute(Bars.of(close=[1] * 3, volume=[4, 4, 9])).to_list()
    [None, None, None]
    """

    window_bars: Window = renamed(20, "window")

    @property
    def warmup(self) -> int:
        return self.window_bars

    @property
    def unit(self) -> str:
        return "standard deviations"

    def compute(self, bars: Bars) -> pl.Series:
        before = pl.col("volume").shift(1)
        # Equal extremes, not a zero deviation: rolling moments of equal values may keep a rounding residue.
        varies = before.rolling_max(self.window_bars) > before.rolling_min(self.window_bars)
        score = (pl.col("volume") - before.rolling_mean(self.window_bars)) / before.rolling_std(
            self.window_bars, ddof=1
        )
        return bars.frame.select(pl.when(varies).then(score).alias(self.canonical)).to_series()
