"""Bars until price has travelled a distance.

Put here: the target ``time_to_touch``.
Keep out: which side comes first (targets/touch_up_before_down.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, Positive, renamed
from quant_core.features.atr import Atr
from quant_core.targets._outcomes import column, first_step, time_to_event, with_nan
from quant_core.targets.contract import Target, TargetKind


@dataclass(frozen=True)
class TimeToTouch(Target):
    """The number of bars until price touches a level ``atr_multiple`` ATR away from this close.

    The smallest j ≥ 1 with high_{t+j} ≥ close_t + m·ATR_t (up), low_{t+j} ≤ close_t − m·ATR_t (down), or one of the two
    (either), m = ``atr_multiple``; the ATR (Wilder) is that of bar t. Censored after ``horizon_bars`` bars, or where
    the bars end.

    Attributes:
        atr_multiple: distance in ATR, > 0.
        side: ``up``, ``down`` or ``either``.
        window_bars: bars of the ATR, ≥ 1.
        horizon_bars: bars after which one stops looking, ≥ 1.

    Look-ahead: at most ``horizon_bars`` bars. Missing: null where the ATR is null or 0, and for the last bar.
    Source: none, ours.

    Example, by hand, ATR 2 at every bar: from close 10 the level 12 is touched by the second next bar; from the bar
    after it (level 12) by the next; the bar before the last sees one bar and no touch of 13: censored at 1.

    >>> bars = Bars.of(high=[11, 11, 11, 12, 12], low=[9, 9, 9, 10, 10], close=[10, 10, 10, 11, 11])
    >>> TimeToTouch(window_bars=1).outcome(bars).rows()
    [(None, True), (2.0, True), (1.0, True), (1.0, False), (None, True)]
    """

    atr_multiple: Positive = renamed(1.0, "k")
    side: Literal["up", "down", "either"] = "up"
    window_bars: Count = renamed(14, "atr_period")
    horizon_bars: Count = 60

    @property
    def horizon(self) -> int:
        return self.horizon_bars

    @property
    def kind(self) -> TargetKind:
        return "time_to_event"

    def outcome(self, bars: Bars) -> pl.DataFrame:
        close = column(bars, "close")
        atr = with_nan(Atr(window_bars=self.window_bars).compute(bars))
        distance = np.where(atr > 0, self.atr_multiple * atr, np.nan)
        steps = np.zeros(len(bars), dtype=np.int64)
        if self.side != "down":
            steps = first_step(column(bars, "high"), close + distance, self.horizon_bars, np.greater_equal)
        if self.side != "up":
            down = first_step(column(bars, "low"), close - distance, self.horizon_bars, np.less_equal)
            # 0 means "not seen", so the earlier of the two is their minimum only where both were seen.
            steps = np.where((steps > 0) & (down > 0), np.minimum(steps, down), steps + down)
        return time_to_event(steps, ~np.isnan(distance), self.horizon_bars)
