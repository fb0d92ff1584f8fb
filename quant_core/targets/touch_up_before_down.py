"""Whether price first travels up or first travels down.

Put here: the target ``touch_up_before_down``.
Keep out: how long it takes (targets/time_to_touch.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.bars import Bars
from quant_core.block import Count, Positive, renamed
from quant_core.features.atr import Atr
from quant_core.targets._outcomes import column, first_step, known_outcome, with_nan
from quant_core.targets._trades import trade_between
from quant_core.targets.contract import Target

Floats = NDArray[np.float64]
Steps = NDArray[np.int64]


@dataclass(frozen=True)
class TouchUpBeforeDown(Target):
    """True when, within ``horizon_bars``, price touches close + m·ATR before it touches close − m·ATR.

    The ATR (Wilder) is that of bar t and m is ``atr_multiple``; high_{t+j} ≥ close_t + m·ATR_t touches the upper level,
    low_{t+j} ≤ close_t − m·ATR_t the lower one.

    Attributes:
        atr_multiple: distance of both levels in ATR, > 0.
        window_bars: bars of the ATR, ≥ 1.
        horizon_bars: bars ahead, ≥ 1.
        ambiguous: outcome when one bar touches both levels first: ``null`` (no outcome; the rates of up and down add up
            to 1) or ``loss`` (False, the pessimistic reading).

    The trade buys at this close with the upper level as its target and the lower one as its stop. It ends at the level,
    or at the open of a bar that opens beyond it, or at the close ``horizon_bars`` later where neither is touched. A bar
    that touches both first is a loss, for the opposite trade too.

    Look-ahead: exactly ``horizon_bars`` bars. Missing: null where neither level is touched, where the ATR is null or 0,
    and for the last ``horizon_bars`` bars.
    Source: none, ours.

    Example, by hand, ATR 2 at every bar: from close 10 the levels are 12 and 8, and the next high is 12: touched. From
    11 they are 13 and 9, and the next bar spans both.

    >>> bars = Bars.of(high=[11, 11, 12, 13, 12], low=[9, 9, 10, 9, 10], close=[10, 10, 11, 11, 11])
    >>> TouchUpBeforeDown(window_bars=1, horizon_bars=1).outcome(bars)["value"].to_list()
    [None, True, None, None, None]
    >>> TouchUpBeforeDown(window_bars=1, horizon_bars=1, ambiguous="loss").outcome(bars)["value"].to_list()
    [None, True, False, None, None]

    The trades: from 10 the next bar opens at 11, inside, and the level 12 is reached: 12/10 − 1. From 11 both levels
    are: bought it ends at 9, sold at 13.

    >>> trades = TouchUpBeforeDown(window_bars=1, horizon_bars=1).trade(bars)
    >>> [[p and round(p, 6) for p in row] for row in trades.select("payoff", "payoff_against").rows()]
    [[None, None], [0.2, -0.2], [-0.181818, -0.181818], [0.0, -0.0], [None, None]]
    """

    atr_multiple: Positive = renamed(1.0, "k")
    window_bars: Count = renamed(14, "atr_period")
    horizon_bars: Count = 20
    ambiguous: Literal["null", "loss"] = "null"

    @property
    def horizon(self) -> int:
        return self.horizon_bars

    def _touches(self, bars: Bars) -> tuple[Floats, Steps, Steps]:
        """Distance of the levels (nan: none), and the bar after t that first touches the upper and the lower one."""
        close = column(bars, "close")
        atr = with_nan(Atr(window_bars=self.window_bars).compute(bars))
        distance = np.where(atr > 0, self.atr_multiple * atr, np.nan)
        up = first_step(column(bars, "high"), close + distance, self.horizon_bars, np.greater_equal)
        down = first_step(column(bars, "low"), close - distance, self.horizon_bars, np.less_equal)
        return distance, up, down

    def outcome(self, bars: Bars) -> pl.DataFrame:
        _, up, down = self._touches(bars)
        won = (pl.col("up") > 0) & ((pl.col("down") == 0) | (pl.col("up") < pl.col("down")))
        touched = (pl.col("up") > 0) | (pl.col("down") > 0)
        if self.ambiguous == "null":
            touched &= pl.col("up") != pl.col("down")
        steps = pl.DataFrame({"up": up, "down": down})
        return known_outcome(steps.select(pl.when(touched).then(won)).to_series(), self.horizon)

    def trade(self, bars: Bars) -> pl.DataFrame:
        distance, up, down = self._touches(bars)
        close, opens, here = column(bars, "close"), column(bars, "open"), np.arange(len(bars))
        at_upper = np.maximum(close + distance, opens[here + up])
        at_lower = np.minimum(close - distance, opens[here + down])
        # 0 means "not touched".
        first_up = (up > 0) & ((down == 0) | (up < down))
        first_down = (down > 0) & ((up == 0) | (down < up))
        frame = pl.DataFrame(
            {
                "exit": np.where(first_up, at_upper, np.where(down > 0, at_lower, np.nan)),
                "exit_against": np.where(first_down, at_lower, np.where(up > 0, at_upper, np.nan)),
                "known": ~np.isnan(distance),
            }
        ).fill_nan(None)
        seen = pl.int_range(pl.len()) < pl.len() - self.horizon
        at_end = bars.frame["close"].shift(-self.horizon)
        exits = frame.select(
            pl.when(seen & pl.col("known")).then(pl.coalesce(name, at_end)).alias(name)
            for name in ("exit", "exit_against")
        )
        return trade_between(bars, pl.col("close"), pl.lit(exits["exit"]), exit_against=pl.lit(exits["exit_against"]))
