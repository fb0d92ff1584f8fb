"""Return over the following bars.

Put here: the target ``forward_return_n``.
Keep out: its sign alone (targets/continuation_n.py) and returns up to the bar (features/log_return.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.targets._outcomes import known_outcome
from quant_core.targets._trades import trade_between
from quant_core.targets.contract import Target, TargetKind


@dataclass(frozen=True)
class ForwardReturnN(Target):
    """The simple return from this close to the close ``horizon_bars`` bars later: close_{t+h}/close_t − 1, a fraction.

    Attributes:
        horizon_bars: bars ahead, ≥ 1.

    The trade buys at this close and sells ``horizon_bars`` bars later; it pays the value itself.

    Look-ahead: exactly ``horizon_bars`` bars. Missing: null for the last ``horizon_bars`` bars and where this
    close is not positive.
    Source: none, ours.

    Example, by hand: 2 → 3 is +50 %; a return from a price of 0 is undefined.

    >>> ForwardReturnN(horizon_bars=1).outcome(Bars.of(close=[2, 3, 0, 1]))["value"].to_list()
    [0.5, -1.0, None, None]
    """

    horizon_bars: Count = renamed(5, "n")

    @property
    def horizon(self) -> int:
        return self.horizon_bars

    @property
    def kind(self) -> TargetKind:
        return "numeric"

    def outcome(self, bars: Bars) -> pl.DataFrame:
        close = pl.col("close")
        value = pl.when(close > 0).then(close.shift(-self.horizon_bars) / close - 1)
        return known_outcome(bars.frame.select(value.alias("value")).to_series(), self.horizon)

    def trade(self, bars: Bars) -> pl.DataFrame:
        return trade_between(bars, pl.col("close"), pl.col("close").shift(-self.horizon_bars))
