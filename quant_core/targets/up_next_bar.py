"""Whether the next bar closes higher.

Put here: the target ``up_next_bar``.
Keep out: moves over several bars (targets/continuation_n.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import added
from quant_core.targets._outcomes import Ties, direction_of_move
from quant_core.targets._trades import trade_between
from quant_core.targets.contract import Target


@dataclass(frozen=True)
class UpNextBar(Target):
    """True when close_{t+1} > close_t.

    Attributes:
        ties: an unchanged close is no outcome (``exclude``: rates are those among moves), or a failure (``failure``).

    The trade buys at this close and sells at the next.

    Look-ahead: exactly 1 bar. Missing: null for the last bar, and for ties where they are excluded.
    Source: ours; the source system's ``up_next_bar`` counts ties as failures.

    Example, by hand: up, unchanged, then no next bar.

    >>> UpNextBar().outcome(Bars.of(close=[1, 2, 2]))["value"].to_list()
    [True, None, None]
    >>> UpNextBar(ties="failure").outcome(Bars.of(close=[1, 2, 2]))["value"].to_list()
    [True, False, None]
    """

    ties: Ties = added("exclude")

    @property
    def horizon(self) -> int:
        return 1

    def outcome(self, bars: Bars) -> pl.DataFrame:
        start, end = pl.col("close"), pl.col("close").shift(-1)
        return direction_of_move(bars, start, end, "up", self.horizon, self.ties)

    def trade(self, bars: Bars) -> pl.DataFrame:
        return trade_between(bars, pl.col("close"), pl.col("close").shift(-1))
