"""Whether price has moved on after some bars.

Put here: the target ``continuation_n``.
Keep out: the next bar alone (targets/up_next_bar.py) and the size of the move (targets/forward_return_n.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, added, renamed
from quant_core.targets._outcomes import Ties, direction_of_move
from quant_core.targets._trades import trade_between
from quant_core.targets.contract import Target


@dataclass(frozen=True)
class ContinuationN(Target):
    """True when the close ``horizon_bars`` bars later is above (up) or below (down) this close; equality is a failure.

    Attributes:
        horizon_bars: bars ahead, ≥ 1.
        direction: ``up`` or ``down``.
        ties: an unchanged close is no outcome (``exclude``: rates are those among moves), or a failure (``failure``).

    The trade holds from this close to the close ``horizon_bars`` bars later, bought (up) or sold short (down).

    Look-ahead: exactly ``horizon_bars`` bars. Missing: null for the last ``horizon_bars`` bars, and for
    ties where they are excluded.
    Source: ours; the source system's ``continuation_n`` counts ties as failures.

    Example, by hand, two bars ahead: 1 → 2 rises, 3 → 3 does not and does not fall either.

    >>> ContinuationN(horizon_bars=2).outcome(Bars.of(close=[1, 3, 2, 3]))["value"].to_list()
    [True, None, None, None]
    >>> ContinuationN(horizon_bars=2, direction="down").outcome(Bars.of(close=[1, 3, 2, 3]))["value"].to_list()
    [False, None, None, None]
    """

    horizon_bars: Count = renamed(5, "n")
    direction: Literal["up", "down"] = "up"
    ties: Ties = added("exclude")

    @property
    def horizon(self) -> int:
        return self.horizon_bars

    def outcome(self, bars: Bars) -> pl.DataFrame:
        later = pl.col("close").shift(-self.horizon_bars)
        return direction_of_move(bars, pl.col("close"), later, self.direction, self.horizon, self.ties)

    def trade(self, bars: Bars) -> pl.DataFrame:
        return trade_between(bars, pl.col("close"), pl.col("close").shift(-self.horizon_bars), self.direction)
