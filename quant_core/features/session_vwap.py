"""Volume-weighted average price of the session so far.

Put here: the feature ``session_vwap``.
Keep out: averages that run across sessions (features/sma.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class SessionVwap(Feature):
    """The average price since the session began, weighted by volume; starts anew with each session.

    VWAP_t = sum(price·volume) / sum(volume) over the bars of the session up to t.

    Attributes:
        price: ``typical`` is (high + low + close)/3, ``close`` is the close.

    Look-ahead: none. Missing: bars without volume add nothing; null until the session has traded volume.
    Source: none, ours.

    Example, by hand: (10·1 + 13·2)/3 = 12; at midnight it starts again, and no volume means no average.

    >>> from datetime import UTC, datetime
    >>> bars = Bars.of(close=[10, 13, 20, 21], volume=[1, 2, 0, 5], start=datetime(2024, 1, 1, 22, tzinfo=UTC))
    >>> SessionVwap().compute(bars).to_list()
    [10.0, 12.0, None, 21.0]
    """

    price: Literal["typical", "close"] = "typical"

    @property
    def unit(self) -> str:
        return "price"

    def compute(self, bars: Bars) -> pl.Series:
        close = pl.col("close")
        # Three times the typical price, divided out at the end: dividing by the literal 3 rounds differently for
        # frames of one row, and a value must not depend on how many bars follow.
        weight = 3.0 if self.price == "typical" else 1.0
        price = pl.col("high") + pl.col("low") + close if self.price == "typical" else close
        volume = pl.col("volume").fill_null(0.0)
        traded = (price * volume).cum_sum().over("session_date")
        shares = volume.cum_sum().over("session_date")
        value = pl.when(shares > 0).then(traded / (weight * shares))
        return bars.frame.select(value.alias(self.canonical)).to_series()
