"""Realized volatility: the spread of recent returns.

Put here: the feature ``realized_vol``.
Keep out: ranges (features/atr.py) and volatility tertiles (conditions/vol_tertile.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Window, renamed
from quant_core.features.contract import Feature
from quant_core.features.log_return import LogReturn


@dataclass(frozen=True)
class RealizedVol(Feature):
    """The sample standard deviation of the last ``window_bars`` one-bar log returns.

    sigma_t = std(r_{t−window_bars+1} … r_t, ddof=1), times sqrt(bars per year of the calendar) when annualized.

    Attributes:
        window_bars: number of returns, ≥ 2.
        annualized: False gives volatility per bar, True per year with the calendar's own number of bars.

    Look-ahead: none. Missing: null for the first ``window_bars`` bars and while a return in the window is null.
    Differs from: the econometric realized volatility sqrt(sum r²), which is not centered and not divided.
    Source: none, ours.

    Example, by hand: returns 1 and 0 have the standard deviation sqrt(1/2); equal returns have none.

    >>> bars = Bars.of(close=[1, math.e, math.e, math.e])
    >>> [v and round(v, 4) for v in RealizedVol(window_bars=2).compute(bars).to_list()]
    [None, None, 0.7071, 0.0]
    """

    window_bars: Window = renamed(20, "window")
    annualized: bool = False

    @property
    def warmup(self) -> int:
        return self.window_bars

    @property
    def unit(self) -> str:
        return "log fraction per sqrt(year)" if self.annualized else "log fraction per sqrt(bar)"

    def compute(self, bars: Bars) -> pl.Series:
        returns = LogReturn().compute(bars)
        scale = math.sqrt(bars.calendar.periods_per_year(bars.timeframe)) if self.annualized else 1.0
        return (returns.rolling_std(self.window_bars, ddof=1) * scale).alias(self.canonical)
