"""Whether the next bar closes below its open.

Put here: the target ``next_bearish``.
Keep out: closes against this close (targets/up_next_bar.py).
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
class NextBearish(Target):
    """True when close_{t+1} < open_{t+1}.

    Attributes:
        ties: a doji, which ends where it began, is no outcome (``exclude``: rates are those among moves), or a failure
            (``failure``).

    The trade sells at the next open and buys back at the next close.

    Look-ahead: exactly 1 bar. Missing: null for the last bar, and for ties where they are excluded.
    Source: ours; the source system's ``next_bearish`` counts a doji as a failure.

    Example, by hand: the second bar rises, the third is a doji.

    >>> NextBearish().outcome(Bars.of(open=[1, 1, 5], close=[1, 2, 5]))["value"].to_list()
    [False, None, None]
    """

    ties: Ties = added("exclude")

    @property
    def horizon(self) -> int:
        return 1

    def outcome(self, bars: Bars) -> pl.DataFrame:
        start, end = pl.col("open").shift(-1), pl.col("close").shift(-1)
        return direction_of_move(bars, start, end, "down", self.horizon, self.ties)

    def trade(self, bars: Bars) -> pl.DataFrame:
        return trade_between(bars, pl.col("open").shift(-1), pl.col("close").shift(-1), "down")
