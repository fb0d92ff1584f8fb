"""Whether price first travels up or first travels down.

Put here: the target ``touch_up_before_down``.
Keep out: how long it takes (targets/time_to_touch.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, Positive
from quant_core.features.atr import Atr
from quant_core.targets._base import Target
from quant_core.targets._outcomes import column, first_step, known_outcome, with_nan


@dataclass(frozen=True)
class TouchUpBeforeDown(Target):
    """True when, within ``horizon_bars``, price touches close + k·ATR before it touches close − k·ATR.

    The ATR (Wilder) is that of bar t; high_{t+j} ≥ close_t + k·ATR_t touches the upper level,
    low_{t+j} ≤ close_t − k·ATR_t the lower one.

    Attributes:
        k: distance of both levels in ATR, > 0.
        atr_period: bars of the ATR, ≥ 1.
        horizon_bars: bars ahead, ≥ 1.
        ambiguous: outcome when one bar touches both levels first: ``null`` (no outcome; the rates of up and down add up
            to 1) or ``loss`` (False, the pessimistic reading).

    Look-ahead: exactly ``horizon_bars`` bars. Missing: null where neither level is touched, where the ATR is null or 0,
    and for the last ``horizon_bars`` bars.
    Source: none, ours.

    Example, by hand, ATR 2 at every bar: from close 10 the levels are 12 and 8, and the next high is 12: touched. From
    11 they are 13 and 9, and the next bar spans both.

    >>> bars = Bars.of(high=[11, 11, 12, 13, 12], low=[9, 9, 10, 9, 10], close=[10, 10, 11, 11, 11])
    >>> TouchUpBeforeDown(atr_period=1, horizon_bars=1).outcome(bars)["value"].to_list()
    [None, True, None, None, None]
    >>> TouchUpBeforeDown(atr_period=1, horizon_bars=1, ambiguous="loss").outcome(bars)["value"].to_list()
    [None, True, False, None, None]
    """

    k: Positive = 1.0
    atr_period: Count = 14
    horizon_bars: Count = 20
    ambiguous: Literal["null", "loss"] = "null"

    @property
    def horizon(self) -> int:
        return self.horizon_bars

    def outcome(self, bars: Bars) -> pl.DataFrame:
        close = column(bars, "close")
        atr = with_nan(Atr(period=self.atr_period).compute(bars))
        distance = np.where(atr > 0, self.k * atr, np.nan)
        up = first_step(column(bars, "high"), close + distance, self.horizon_bars, np.greater_equal)
        down = first_step(column(bars, "low"), close - distance, self.horizon_bars, np.less_equal)
        won = (pl.col("up") > 0) & ((pl.col("down") == 0) | (pl.col("up") < pl.col("down")))
        touched = (pl.col("up") > 0) | (pl.col("down") > 0)
        if self.ambiguous == "null":
            touched &= pl.col("up") != pl.col("down")
        steps = pl.DataFrame({"up": up, "down": down})
        return known_outcome(steps.select(pl.when(touched).then(won)).to_series(), self.horizon)
