"""Bars that travel much further than the bars around them.

Put here: the event ``shock_atr``.
Keep out: the average itself (features/atr.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, Positive, renamed
from quant_core.events.contract import Event
from quant_core.features.true_range import TrueRange


@dataclass(frozen=True)
class ShockAtr(Event):
    """The true range exceeds ``atr_multiple`` times its mean over ``window_bars`` bars, this one included.

    TR_t > atr_multiple · mean(TR_{t−window_bars+1} … TR_t)

    Attributes:
        atr_multiple: factor, > 0; at or above ``window_bars`` the event cannot happen.
        window_bars: bars of the mean, ≥ 1.

    Look-ahead: none. Missing: null for the first ``window_bars`` bars.
    Differs from: the source system, whose warm-up bars count as no event.
    Source: ours; the definition of the source system's ``shock_atr``.

    Example, by hand: true ranges 1, 3: the mean is 2 and 3 > 1.4·2 = 2.8; then 3, 3: 3 ≤ 4.2.

    >>> bars = Bars.of(high=[1, 1, 3, 3], low=[0, 0, 0, 0], close=[0, 0, 0, 0])
    >>> ShockAtr(atr_multiple=1.4, window_bars=2).mask(bars).to_list()
    [None, None, True, False]
    """

    atr_multiple: Positive = renamed(2.0, "mult")
    window_bars: Count = renamed(14, "window")

    @property
    def warmup(self) -> int:
        return self.window_bars

    def mask(self, bars: Bars) -> pl.Series:
        ranges = TrueRange().compute(bars)
        return (ranges > self.atr_multiple * ranges.rolling_mean(self.window_bars)).alias(self.canonical)
