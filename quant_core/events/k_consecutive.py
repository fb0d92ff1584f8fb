"""Runs of bars that all closed in one direction.

Put here: the event ``k_consecutive``.
Keep out: what follows a run (targets/continuation_n.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.events.contract import Event


@dataclass(frozen=True)
class KConsecutive(Event):
    """The last ``window_bars`` bars, this one included, all closed in the direction; a doji breaks the run.

    up: close > open; down: close < open.

    Attributes:
        window_bars: length of the run in bars, ≥ 1.
        direction: ``up`` or ``down``.

    Look-ahead: none. Missing: null for the first ``window_bars`` − 1 bars.
    Source: ours; the definition of the source system's ``k_consecutive``.

    Example, by hand: up, up, doji, up: the pair ends at the second bar only.

    >>> bars = Bars.of(open=[1, 2, 3, 3], close=[2, 3, 3, 4])
    >>> KConsecutive(window_bars=2).mask(bars).to_list()
    [None, True, False, False]
    """

    window_bars: Count = renamed(3, "k")
    direction: Literal["up", "down"] = "up"

    @property
    def warmup(self) -> int:
        return self.window_bars - 1

    def mask(self, bars: Bars) -> pl.Series:
        step = pl.col("close") > pl.col("open") if self.direction == "up" else pl.col("close") < pl.col("open")
        run = step.cast(pl.Int32).rolling_sum(self.window_bars) == self.window_bars
        return bars.frame.select(run.alias(self.canonical)).to_series()
