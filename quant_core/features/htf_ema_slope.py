"""Slope of a moving average of a higher timeframe.

Put here: the feature ``htf_ema_slope``.
Keep out: its sign as a state (conditions/htf_trend.py) and averages of the bars themselves (features/ema.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.bars.coarser_timeframe import Higher, HigherTimeframe, Multiplier
from quant_core.bars.higher_timeframe import higher_bars, join_higher
from quant_core.block import Count, renamed
from quant_core.features.contract import Feature
from quant_core.features.ema import Ema


@dataclass(frozen=True)
class HtfEmaSlope(Feature):
    """The last change of the EMA of the higher timeframe's closes, from completed higher bars only.

    slope = EMA(close of the last completed higher bar) − EMA(close of the one before)

    A higher bar counts from the bar that closes at or after the higher bar's close.

    Attributes:
        timeframe: of the higher bars; ``higher`` takes M1→M15, M5→H1, M15→H1, M30→H4, H1→H4, H4→D1, D1→W1.
        tf_multiplier: instead of a name, how many bars make a higher one (12 on M5 is H1); 0 to use ``timeframe``.
            Higher bars are aligned to the calendar, never to the row number.
        window_bars: span of the EMA in higher bars, ≥ 1.

    Look-ahead: none. Missing: null until ``window_bars`` + 1 higher bars are complete; null on W1, which has no
    higher timeframe.
    Differs from: the source system, which used the close of the unfinished higher bar on all its bars.
    Source: none, ours.

    Raises:
        ConfigError: the timeframe is not coarser than the bars', or the multiple is not a timeframe.

    Example, by hand, one higher bar: four-hour closes 4 and 9; their difference is known from the eighth hour's bar.

    >>> hours = Bars.of(close=[1, 2, 3, 4, 6, 7, 8, 9, 0])
    >>> HtfEmaSlope(window_bars=1).compute(hours).to_list()
    [None, None, None, None, None, None, None, 5.0, 5.0]
    """

    timeframe: HigherTimeframe = "higher"
    tf_multiplier: Multiplier = 0
    window_bars: Count = renamed(20, "ema_period")

    def __post_init__(self) -> None:
        super().__post_init__()
        Higher(self, self.timeframe, self.tf_multiplier).check()

    @property
    def warmup(self) -> int:
        return self.window_bars

    @property
    def unit(self) -> str:
        return "price per higher bar"

    def compute(self, bars: Bars) -> pl.Series:
        coarser = Higher(self, self.timeframe, self.tf_multiplier).of(bars.timeframe)
        if coarser is None or not len(bars):
            return pl.Series(self.canonical, [None] * len(bars), dtype=pl.Float64)
        higher = higher_bars(bars, coarser)
        slope = Ema(window_bars=self.window_bars).compute(higher).diff().alias(self.canonical)
        known = higher.frame.select("ts_close").with_columns(slope)
        return join_higher(bars, known, [self.canonical])[self.canonical]
