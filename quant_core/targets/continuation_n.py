"""Whether price has moved on after some bars.

Put here: the target ``continuation_n``.
Keep out: the next bar alone (targets/up_next_bar.py) and the size of the move (targets/forward_return_n.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.targets._outcomes import known_outcome
from quant_core.targets._trades import trade_between
from quant_core.targets.contract import Target


@dataclass(frozen=True)
class ContinuationN(Target):
    """True when the close ``horizon_bars`` bars later is above (up) or below (down) this close; equality is a failure.

    Attributes:
        horizon_bars: bars ahead, ≥ 1.
        direction: ``up`` or ``down``.

    The trade holds from this close to the close ``horizon_bars`` bars later, bought (up) or sold short (down).

    Look-ahead: exactly ``horizon_bars`` bars. Missing: null for the last ``horizon_bars`` bars.
    Source: ours; the definition of the source system's ``continuation_n``.

    Example, by hand, two bars ahead: 1 → 2 rises, 3 → 3 does not and does not fall either.

    >>> ContinuationN(horizon_bars=2).outcome(Bars.of(close=[1, 3, 2, 3]))["value"].to_list()
    [True, False, None, None]
    >>> ContinuationN(horizon_bars=2, direction="down").outcome(Bars.of(close=[1, 3, 2, 3]))["value"].to_list()
    [False, False, None, None]
    """

    horizon_bars: Count = renamed(5, "n")
    direction: Literal["up", "down"] = "up"

    @property
    def horizon(self) -> int:
        return self.horizon_bars

    def outcome(self, bars: Bars) -> pl.DataFrame:
        later = pl.col("close").shift(-self.horizon_bars)
        value = later > pl.col("close") if self.direction == "up" else later < pl.col("close")
        return known_outcome(bars.frame.select(value.alias("value")).to_series(), self.horizon)

    def trade(self, bars: Bars) -> pl.DataFrame:
        return trade_between(bars, pl.col("close"), pl.col("close").shift(-self.horizon_bars), self.direction)
