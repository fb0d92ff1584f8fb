"""Direction of a higher timeframe.

Put here: the condition ``htf_trend``.
Keep out: the slope as a number (features/htf_ema_slope.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.bars.coarser_timeframe import HigherTimeframe, Multiplier
from quant_core.block import Count, renamed
from quant_core.conditions.contract import Condition
from quant_core.features.htf_ema_slope import HtfEmaSlope


@dataclass(frozen=True)
class HtfTrend(Condition):
    """Whether the EMA of the higher timeframe's closes last rose (``up``) or fell (``down``); completed bars only.

    Attributes:
        timeframe: of the higher bars; ``higher`` takes M1→M15, M5→H1, M15→H1, M30→H4, H1→H4, H4→D1, D1→W1.
        tf_multiplier: instead of a name, how many bars make a higher one; 0 to use ``timeframe``.
        window_bars: span of the EMA in higher bars, ≥ 1.

    Look-ahead: none. Missing: null until ``window_bars`` + 1 higher bars are complete, where the EMA did not move,
    and on W1, which has no higher timeframe.
    Differs from: the source system, which used the unfinished higher bar and blocks aligned to the row number.
    Source: none, ours.

    Raises:
        ConfigError: the timeframe is not coarser than the bars', or the multiple is not a timeframe.

    Example, by hand, one higher bar: four-hour closes 4 and 9 rise; it is known from the eighth hour's bar on.

    >>> hours = Bars.of(close=[1, 2, 3, 4, 6, 7, 8, 9, 0])
    >>> HtfTrend(window_bars=1).labels(hours).to_list()[6:]
    [None, 'up', 'up']
    """

    timeframe: HigherTimeframe = "higher"
    tf_multiplier: Multiplier = 0
    window_bars: Count = renamed(20, "ema_period")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._slope()

    def _slope(self) -> HtfEmaSlope:
        return HtfEmaSlope(timeframe=self.timeframe, tf_multiplier=self.tf_multiplier, window_bars=self.window_bars)

    @property
    def warmup(self) -> int:
        return self._slope().warmup

    @property
    def values(self) -> tuple[str, ...]:
        return ("down", "up")

    def labels(self, bars: Bars) -> pl.Series:
        slope = pl.col("slope")
        trend = pl.when(slope > 0).then(pl.lit("up")).when(slope < 0).then(pl.lit("down"))
        return pl.DataFrame({"slope": self._slope().compute(bars)}).select(trend.alias(self.canonical)).to_series()
