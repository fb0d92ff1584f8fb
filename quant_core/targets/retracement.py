"""Whether a breakout is given back.

Put here: the target ``retracement``.
Keep out: breakouts that have not happened yet (targets/breakout_high_first.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.targets._outcomes import column, first_step, known_outcome, with_nan
from quant_core.targets.contract import Target


@dataclass(frozen=True)
class Retracement(Target):
    """After a close beyond the recent range, True when price comes back to the broken level within ``horizon_bars``.

    up: defined where close_t > level = max(high_{t−window_bars} … high_{t−1}); True when some low_{t+j} ≤ level,
    1 ≤ j ≤ horizon_bars. down: the mirror image with the lowest low.

    Attributes:
        window_bars: bars of the range, before this one, ≥ 1.
        horizon_bars: bars ahead, ≥ 1.
        direction: of the breakout, ``up`` or ``down``.

    Look-ahead: exactly ``horizon_bars`` bars. Missing: null where there is no breakout, and for the last
    ``horizon_bars`` bars.
    Source: ours; the definition of the source system's ``retracement_probability``.

    Example, by hand, one bar of range and of horizon: 3 breaks 2 and the next low 2 touches it; 5 breaks 4 (the high
    before) and the next low is 5.

    >>> bars = Bars.of(high=[2, 3, 4, 5, 6], low=[1, 3, 2, 5, 5], close=[2, 3, 3, 5, 5])
    >>> Retracement(window_bars=1, horizon_bars=1).outcome(bars)["value"].to_list()
    [None, True, None, False, None]
    """

    window_bars: Count = renamed(20, "lookback")
    horizon_bars: Count = 10
    direction: Literal["up", "down"] = "up"

    @property
    def horizon(self) -> int:
        return self.horizon_bars

    @property
    def is_geometric(self) -> bool:
        return True

    def outcome(self, bars: Bars) -> pl.DataFrame:
        close = pl.col("close")
        if self.direction == "up":
            level = pl.col("high").shift(1).rolling_max(self.window_bars)
            broken, side, back = close > level, "low", np.less_equal
        else:
            level = pl.col("low").shift(1).rolling_min(self.window_bars)
            broken, side, back = close < level, "high", np.greater_equal
        start = bars.frame.select(level.alias("level"), broken.alias("broken"))
        steps = first_step(column(bars, side), with_nan(start["level"]), self.horizon_bars, back)
        returned = start.with_columns(steps=steps).select(pl.when("broken").then(pl.col("steps") > 0))
        return known_outcome(returned.to_series(), self.horizon)
