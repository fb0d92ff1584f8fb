"""True range: how far price travelled in a bar, the gap from the previous close included.

Put here: the feature ``true_range``.
Keep out: averages of it (features/atr.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class TrueRange(Feature):
    """The larger of the bar's range and its distance to the previous close.

    TR_t = max(high_t, close_{t−1}) − min(low_t, close_{t−1})

    Look-ahead: none. Missing: null for the first bar, which has no previous close.
    Differs from: source systems that use high − low on the first bar.
    Source: Wilder (1978), as implemented by TA-Lib's TRANGE.

    Example, by hand: the second bar opens above the first close, so the gap 13 − 10 counts; the third is inside.

    >>> bars = Bars.of(open=[10, 12, 12], high=[11, 13, 12], low=[9, 12, 11], close=[10, 12, 11])
    >>> TrueRange().compute(bars).to_list()
    [None, 3.0, 1.0]
    """

    @property
    def warmup(self) -> int:
        return 1

    @property
    def unit(self) -> str:
        return "price"

    def compute(self, bars: Bars) -> pl.Series:
        previous = pl.col("close").shift(1)
        top = pl.when(previous > pl.col("high")).then(previous).otherwise(pl.col("high"))
        bottom = pl.when(previous < pl.col("low")).then(previous).otherwise(pl.col("low"))
        value = pl.when(previous.is_not_null()).then(top - bottom)
        return bars.frame.select(value.alias(self.canonical)).to_series()
