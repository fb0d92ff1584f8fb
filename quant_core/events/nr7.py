"""Bars with the narrowest range of seven.

Put here: the event ``nr7``.
Keep out: ranges as numbers (features/true_range.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.events.contract import Event


@dataclass(frozen=True)
class Nr7(Event):
    """The range high − low is strictly smaller than each of the six before; a tie is no event.

    Look-ahead: none. Missing: null for the first six bars.
    Source: none, ours.

    Example, by hand: ranges 2, 2, 2, 2, 2, 2, 1, 1: the seventh bar is the narrowest, the eighth ties with it.

    >>> bars = Bars.of(high=[2, 2, 2, 2, 2, 2, 1, 1], low=[0] * 8, close=[1] * 8)
    >>> Nr7().mask(bars).to_list()[5:]
    [None, True, False]
    """

    @property
    def warmup(self) -> int:
        return 6

    def mask(self, bars: Bars) -> pl.Series:
        span = pl.col("high") - pl.col("low")
        return bars.frame.select((span < span.shift(1).rolling_min(6)).alias(self.canonical)).to_series()
