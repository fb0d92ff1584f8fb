"""Average true range: the typical size of a bar.

Put here: the feature ``atr``.
Keep out: the range of one bar (features/true_range.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count
from quant_core.features._smoothing import seeded_average
from quant_core.features.contract import Feature
from quant_core.features.true_range import TrueRange


@dataclass(frozen=True)
class Atr(Feature):
    """The average of the true range over ``period`` bars, this one included.

    wilder: seed = mean of the first ``period`` true ranges, then ATR_t = ((period − 1)·ATR_{t−1} + TR_t)/period.
    simple: mean of the last ``period`` true ranges.

    Attributes:
        period: length in bars, ≥ 1.
        smoothing: ``wilder`` or ``simple``.

    Look-ahead: none. Missing: null for the first ``period`` bars.
    Differs from: source systems that average whatever exists in the first bars.
    Source: Wilder (1978), as implemented by TA-Lib's ATR.

    Example, by hand: true ranges 2, 4, 8; Wilder (2 + 4)/2 = 3, then (3 + 8)/2 = 5.5; simple (4 + 8)/2 = 6.

    >>> bars = Bars.of(high=[9, 11, 13, 17], low=[9, 9, 9, 9], close=[9, 9, 9, 9])
    >>> Atr(period=2).compute(bars).to_list()
    [None, None, 3.0, 5.5]
    >>> Atr(period=2, smoothing="simple").compute(bars).to_list()
    [None, None, 3.0, 6.0]
    """

    period: Count = 14
    smoothing: Literal["wilder", "simple"] = "wilder"

    @property
    def warmup(self) -> int:
        return self.period

    @property
    def unit(self) -> str:
        return "price"

    def compute(self, bars: Bars) -> pl.Series:
        ranges = TrueRange().compute(bars)
        if self.smoothing == "wilder":
            return seeded_average(ranges, self.period, 1 / self.period).alias(self.canonical)
        return ranges.rolling_mean(self.period).alias(self.canonical)
