"""Every bar: the event whose statistics are the unconditional ones.

Put here: the event ``always_true``.
Keep out: events that select (the other files).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.events.contract import Event


@dataclass(frozen=True)
class AlwaysTrue(Event):
    """Every bar.

    Look-ahead: none. Missing: never null.
    Source: ours; the definition of the source system's ``always_true``.

    Example, by hand: as many true values as bars, none for none.

    >>> AlwaysTrue().mask(Bars.of(close=[1, 2])).to_list(), AlwaysTrue().mask(Bars.of(close=[])).to_list()
    ([True, True], [])
    """

    def mask(self, bars: Bars) -> pl.Series:
        return pl.Series(self.canonical, [True] * len(bars), dtype=pl.Boolean)
