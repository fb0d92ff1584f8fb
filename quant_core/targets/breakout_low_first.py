"""Whether the recent low is broken before the recent high.

Put here: the target ``breakout_low_first``.
Keep out: the mirror image (targets/breakout_high_first.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.targets._outcomes import column, first_step, known_outcome, with_nan
from quant_core.targets.contract import Target


@dataclass(frozen=True)
class BreakoutLowFirst(Target):
    """True when, within ``horizon_bars``, price trades below the recent low before it trades above the recent high.

    The levels are the highest high and the lowest low of the ``window_bars`` bars up to and including t; touching is
    not breaking. Both broken in the same bar is a failure: nothing shows that the low came first.

    Attributes:
        window_bars: bars of the range, this one included, ≥ 1.
        horizon_bars: bars ahead, ≥ 1.

    Look-ahead: exactly ``horizon_bars`` bars. Missing: null where neither side is broken, for the first
    ``window_bars`` − 1 bars and for the last ``horizon_bars`` bars.
    Differs from: the source system, whose two variants add up to 1, so that a tie counts for the low.
    Source: ours; the definition of the source system's ``breakout_low_first``.

    Example, by hand, one bar ahead: the next high 3 is above 2; then the next low 1 is below 2; then the next bar
    breaks both ends.

    >>> bars = Bars.of(high=[2, 3, 2, 4], low=[1, 2, 1, 0], close=[2, 3, 1, 1])
    >>> BreakoutLowFirst(window_bars=1, horizon_bars=1).outcome(bars)["value"].to_list()
    [False, True, False, None]
    """

    window_bars: Count = renamed(20, "lookback")
    horizon_bars: Count = 10

    @property
    def horizon(self) -> int:
        return self.horizon_bars

    @property
    def is_geometric(self) -> bool:
        return True

    def outcome(self, bars: Bars) -> pl.DataFrame:
        levels = bars.frame.select(
            pl.col("high").rolling_max(self.window_bars), pl.col("low").rolling_min(self.window_bars)
        )
        up = first_step(column(bars, "high"), with_nan(levels["high"]), self.horizon_bars, np.greater)
        down = first_step(column(bars, "low"), with_nan(levels["low"]), self.horizon_bars, np.less)
        steps = pl.DataFrame({"up": up, "down": down})
        broken = (pl.col("up") > 0) | (pl.col("down") > 0)
        won = (pl.col("down") > 0) & ((pl.col("up") == 0) | (pl.col("down") < pl.col("up")))
        return known_outcome(steps.select(pl.when(broken).then(won)).to_series(), self.horizon)
