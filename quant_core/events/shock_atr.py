"""Bars that travel much further than the bars around them.

Put here: the event ``shock_atr``.
Keep out: the average itself (features/atr.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, Positive
from quant_core.events.contract import Event
from quant_core.features.true_range import TrueRange


@dataclass(frozen=True)
class ShockAtr(Event):
    """The true range exceeds ``mult`` times its mean over ``window`` bars, this one included.

    TR_t > mult · mean(TR_{t−window+1} … TR_t)

    Attributes:
        mult: factor, > 0; at or above ``window`` the event cannot happen.
        window: bars of the mean, ≥ 1.

    Look-ahead: none. Missing: null for the first ``window`` bars.
    Differs from: the source system, whose warm-up bars count as no event.
    Source: ours; the definition of the source system's ``shock_atr``.

    Example, by hand: true ranges 1, 3: the mean is 2 and 3 > 1.4·2 = 2.8; then 3, 3: 3 ≤ 4.2.

    >>> bars = Bars.of(high=[1, 1, 3, 3], low=[0, 0, 0, 0], close=[0, 0, 0, 0])
    >>> ShockAtr(mult=1.4, window=2).mask(bars).to_list()
    [None, None, True, False]
    """

    mult: Positive = 2.0
    window: Count = 14

    @property
    def warmup(self) -> int:
        return self.window

    def mask(self, bars: Bars) -> pl.Series:
        ranges = TrueRange().compute(bars)
        return (ranges > self.mult * ranges.rolling_mean(self.window)).alias(self.canonical)
