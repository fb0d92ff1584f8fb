"""Whether the next bar closes higher.

Put here: the target ``up_next_bar``.
Keep out: moves over several bars (targets/continuation_n.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.targets._outcomes import known_outcome
from quant_core.targets._trades import trade_between
from quant_core.targets.contract import Target


@dataclass(frozen=True)
class UpNextBar(Target):
    """True when close_{t+1} > close_t; equality is a failure.

    The trade buys at this close and sells at the next.

    Look-ahead: exactly 1 bar. Missing: null for the last bar.
    Source: ours; the definition of the source system's ``up_next_bar``.

    Example, by hand: up, unchanged, then no next bar.

    >>> UpNextBar().outcome(Bars.of(close=[1, 2, 2]))["value"].to_list()
    [True, False, None]
    """

    @property
    def horizon(self) -> int:
        return 1

    def outcome(self, bars: Bars) -> pl.DataFrame:
        value = pl.col("close").shift(-1) > pl.col("close")
        return known_outcome(bars.frame.select(value.alias("value")).to_series(), self.horizon)

    def trade(self, bars: Bars) -> pl.DataFrame:
        return trade_between(bars, pl.col("close"), pl.col("close").shift(-1))
