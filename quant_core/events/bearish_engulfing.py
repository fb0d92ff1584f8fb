"""Down bars whose body covers the body of an up bar before.

Put here: the event ``bearish_engulfing``.
Keep out: the mirror image (events/bullish_engulfing.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.events.contract import Event


@dataclass(frozen=True)
class BearishEngulfing(Event):
    """A down bar after an up bar, whose body covers the earlier body; touching ends count.

    close_{t−1} > open_{t−1}, close_t < open_t, close_t ≤ open_{t−1}, open_t ≥ close_{t−1}

    Look-ahead: none. Missing: null for the first bar.
    Source: ours; the definition of the source system's ``bearish_engulfing``.

    Example, by hand: 2 → 3, then 3 → 2 covers it exactly; the third bar follows a down bar.

    >>> BearishEngulfing().mask(Bars.of(open=[2, 3, 9], close=[3, 2, 1])).to_list()
    [None, True, False]
    """

    @property
    def warmup(self) -> int:
        return 1

    def mask(self, bars: Bars) -> pl.Series:
        o, c = pl.col("open"), pl.col("close")
        covers = (c <= o.shift(1)) & (o >= c.shift(1))
        happened = (c.shift(1) > o.shift(1)) & (c < o) & covers
        return bars.frame.select(pl.when(c.shift(1).is_not_null()).then(happened).alias(self.canonical)).to_series()
