"""Average true range: the typical size of a bar.

Put here: the feature ``atr``.
Keep out: the range of one bar (features/true_range.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.features._smoothing import seeded_average
from quant_core.features.contract import Feature
from quant_core.features.true_range import TrueRange


@dataclass(frozen=True)
class Atr(Feature):
    """The average of the true range over ``window_bars`` bars, this one included.

    With w = ``window_bars``:
    wilder: seed = mean of the first ``window_bars`` true ranges, then ATR_t = ((w − 1)·ATR_{t−1} + TR_t)/w.
    simple: mean of the last ``window_bars`` true ranges.

    Attributes:
        window_bars: length in bars, ≥ 1.
        smoothing: ``wilder`` or ``simple``.

    Look-ahead: none. Missing: null for the first ``window_bars`` bars.
    Differs from: source systems that average whatever exists in the first bars.
    Source: Wilder (1978), as implemented by TA-Lib's ATR.

    Example, by hand: true ranges 2, 4, 8; Wilder (2 + 4)/2 = 3, then (3 + 8)/2 = 5.5; simple (4 + 8)/2 = 6.

    >>> bars = Bars.of(high=[9, 11, 13, 17], low=[9, 9, 9, 9], close=[9, 9, 9, 9])
    >>> Atr(window_bars=2).compute(bars).to_list()
    [None, None, 3.0, 5.5]
    >>> Atr(window_bars=2, smoothing="simple").compute(bars).to_list()
    [None, None, 3.0, 6.0]
    """

    window_bars: Count = renamed(14, "period")
    smoothing: Literal["wilder", "simple"] = "wilder"

    @property
    def warmup(self) -> int:
        return self.window_bars

    @property
    def unit(self) -> str:
        return "price"

    def compute(self, bars: Bars) -> pl.Series:
        ranges = TrueRange().compute(bars)
        if self.smoothing == "wilder":
            return seeded_average(ranges, self.window_bars, 1 / self.window_bars).alias(self.canonical)
        return ranges.rolling_mean(self.window_bars).alias(self.canonical)
