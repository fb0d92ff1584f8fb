"""The range of a bar as a share of its close.

Put here: the feature ``range_share``.
Keep out: ranges that count the gap to the bar before (true_range.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class RangeShare(Feature):
    """High less low over the close.

    Look-ahead: none. Missing: null where the close is not positive.
    Source: none, ours.

    Example, by hand: (3 - 1) / 2.

    >>> RangeShare().compute(Bars.of(high=[3], low=[1], close=[2])).to_list()
    [1.0]
    """

    @property
    def unit(self) -> str:
        return "fraction"

    def compute(self, bars: Bars) -> pl.Series:
        share = (pl.col("high") - pl.col("low")) / pl.col("close")
        return bars.frame.select(pl.when(pl.col("close") > 0).then(share).alias(self.canonical)).to_series()
