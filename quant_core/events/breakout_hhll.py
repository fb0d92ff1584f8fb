"""Bars that trade beyond the range of the bars before.

Put here: the event ``breakout_hhll``.
Keep out: closes beyond earlier closes (events/new_high_n.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.events.contract import Event


@dataclass(frozen=True)
class BreakoutHhll(Event):
    """The bar trades above the highest high (hh), or below the lowest low (ll), of the ``window_bars`` bars before it.

    hh: high_t > max(high_{t−window_bars} … high_{t−1}); ll: low_t < min(low_{t−window_bars} … low_{t−1})

    The level is made of earlier bars only; touching it is no breakout.

    Attributes:
        window_bars: bars before this one, ≥ 1.
        type: ``hh`` or ``ll``.

    Look-ahead: none. Missing: null for the first ``window_bars`` bars.
    Differs from: the source system, which starts with one earlier bar.
    Source: ours; the definition of the source system's ``breakout_hhll``.

    Example, by hand: 3 exceeds max(1, 2); 3 only equals max(2, 3).

    >>> BreakoutHhll(window_bars=2).mask(Bars.of(close=[1, 2, 3, 3])).to_list()
    [None, None, True, False]
    >>> BreakoutHhll(window_bars=2, type="ll").mask(Bars.of(close=[3, 2, 1, 1])).to_list()
    [None, None, True, False]
    """

    window_bars: Count = renamed(20, "lookback")
    type: Literal["hh", "ll"] = "hh"

    @property
    def warmup(self) -> int:
        return self.window_bars

    def mask(self, bars: Bars) -> pl.Series:
        if self.type == "hh":
            beyond = pl.col("high") > pl.col("high").shift(1).rolling_max(self.window_bars)
        else:
            beyond = pl.col("low") < pl.col("low").shift(1).rolling_min(self.window_bars)
        return bars.frame.select(beyond.alias(self.canonical)).to_series()
