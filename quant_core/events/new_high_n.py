"""Bars that close above all closes before them.

Put here: the event ``new_high_n``.
Keep out: highs beyond earlier highs (events/breakout_hhll.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.events.contract import Event


@dataclass(frozen=True)
class NewHighN(Event):
    """The close is above every one of the ``window_bars`` closes before it; equality is no new high.

    close_t > max(close_{t−window_bars} … close_{t−1})

    Attributes:
        window_bars: bars before this one, ≥ 1.

    Look-ahead: none. Missing: null for the first ``window_bars`` bars.
    Source: none, ours.

    Example, by hand: 3 exceeds 1 and 2; the second 3 only equals the first.

    >>> NewHighN(window_bars=2).mask(Bars.of(close=[1, 2, 3, 3])).to_list()
    [None, None, True, False]
    """

    window_bars: Count = renamed(50, "n")

    @property
    def warmup(self) -> int:
        return self.window_bars

    def mask(self, bars: Bars) -> pl.Series:
        return bars.frame.select(
            (pl.col("close") > pl.col("close").shift(1).rolling_max(self.window_bars)).alias(self.canonical)
        ).to_series()
