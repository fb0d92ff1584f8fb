"""Two conditions at once.

Put here: the condition ``joint``.
Keep out: the conditions it joins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import polars as pl

from quant_core.bars import Bars
from quant_core.conditions.contract import Condition
from quant_core.conditions.htf_trend import HtfTrend
from quant_core.conditions.vol_tertile import VolTertile


@dataclass(frozen=True)
class Joint(Condition):
    """The pair of two conditions' labels, written ``a&b``.

    Attributes:
        first: a condition.
        second: another condition.

    Look-ahead: none beyond those of the two; ``fit`` fits both on the same training bars. Missing: null where either
    is null.
    Source: none, ours.

    Example, by hand: the first hour of a Monday; the daily bar has no hour, so no pair either.

    >>> from quant_core.conditions.calendar_bin import CalendarBin
    >>> from quant_core.dimensions.hour import Hour
    >>> both = Joint(first=CalendarBin(), second=CalendarBin(dimension=Hour()))
    >>> both.labels(Bars.of(close=[1, 2])).to_list(), len(both.values)
    (['0&0', '0&1'], 168)
    >>> from quant_core.timeframes import Timeframe
    >>> both.labels(Bars.of(close=[1], timeframe=Timeframe.D1)).to_list()
    [None]
    """

    first: Condition = HtfTrend()  # noqa: RUF009 (a block is a frozen value)
    second: Condition = VolTertile()  # noqa: RUF009 (a block is a frozen value)

    @property
    def warmup(self) -> int:
        return max(self.first.warmup, self.second.warmup)

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(f"{a}&{b}" for a, b in product(self.first.values, self.second.values))

    def fit(self, train: Bars) -> Joint:
        return replace(self, first=self.first.fit(train), second=self.second.fit(train))

    def labels(self, bars: Bars) -> pl.Series:
        pair = self.first.labels(bars).alias("first"), self.second.labels(bars).alias("second")
        label = pl.concat_str("first", "second", separator="&")
        return pl.DataFrame(pair).select(label.alias(self.canonical)).to_series()
