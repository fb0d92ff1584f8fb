"""Bars at which the relative strength index is extreme.

Put here: the event ``rsi_extreme``.
Keep out: the index itself (features/rsi.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.events.contract import Event
from quant_core.features.rsi import Rsi


@dataclass(frozen=True)
class RsiExtreme(Event):
    """The RSI is below ``low`` (oversold) or above ``high`` (overbought); every such bar counts, not only the first.

    Attributes:
        window_bars: bars of the RSI, ≥ 1.
        side: ``oversold`` or ``overbought``.
        low: limit of oversold, 0 to 100.
        high: limit of overbought, 0 to 100.

    Look-ahead: none. Missing: null where the RSI is null.
    Source: none, ours.

    Example, by hand: over one bar a fall gives 0 and a rise 100.

    >>> RsiExtreme(window_bars=1).mask(Bars.of(close=[2, 1, 2])).to_list()
    [None, True, False]
    >>> RsiExtreme(window_bars=1, side="overbought", high=100.0).mask(Bars.of(close=[2, 1, 2])).to_list()
    [None, False, False]
    """

    window_bars: Count = renamed(14, "period")
    side: Literal["oversold", "overbought"] = "oversold"
    low: Annotated[float, Field(ge=0, le=100)] = 30.0
    high: Annotated[float, Field(ge=0, le=100)] = 70.0

    @property
    def warmup(self) -> int:
        return self.window_bars

    def mask(self, bars: Bars) -> pl.Series:
        rsi = Rsi(window_bars=self.window_bars).compute(bars)
        extreme = rsi < self.low if self.side == "oversold" else rsi > self.high
        return extreme.alias(self.canonical)
