"""Bars at which a fast average crosses a slow one.

Put here: the event ``ema_cross``.
Keep out: the averages (features/ema.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.errors import ConfigError
from quant_core.events.contract import Event
from quant_core.features.ema import Ema


@dataclass(frozen=True)
class EmaCross(Event):
    """The fast EMA moves from at or below the slow one to above it (up), or from at or above to below (down).

    up: fast_{t−1} ≤ slow_{t−1} and fast_t > slow_t; down: fast_{t−1} ≥ slow_{t−1} and fast_t < slow_t

    Attributes:
        fast_bars: span of the fast average in bars, ≥ 1, below ``slow_bars``.
        slow_bars: span of the slow average in bars.
        direction: ``up`` or ``down``.

    Look-ahead: none. Missing: null for the first ``slow_bars`` bars: two bars with both averages are needed.
    Source: none, ours.

    Raises:
        ConfigError: fast_bars is not below slow_bars.

    Example, by hand, fast = the close, slow seeded with (2 + 1)/2 = 1.5, then 4/3 + 1 = 2.5 (weight 2/3): the
    close goes from 1 < 1.5 to 3 > 2.5.

    >>> EmaCross(fast_bars=1, slow_bars=2).mask(Bars.of(close=[2, 1, 3, 4])).to_list()
    [None, None, True, False]
    >>> EmaCross(fast_bars=3, slow_bars=3)
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Wrong value at ema_cross.fast_bars: expected less than slow_bars (3), found 3. \
Correct it.
    """

    fast_bars: Count = renamed(12, "fast")
    slow_bars: Count = renamed(26, "slow")
    direction: Literal["up", "down"] = "up"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fast_bars >= self.slow_bars:
            raise ConfigError.at(
                "ema_cross.fast_bars",
                expected=f"less than slow_bars ({self.slow_bars})",
                found=self.fast_bars,
                next_step="Correct it.",
            )

    @property
    def warmup(self) -> int:
        return self.slow_bars

    def mask(self, bars: Bars) -> pl.Series:
        fast, slow = Ema(window_bars=self.fast_bars).compute(bars), Ema(window_bars=self.slow_bars).compute(bars)
        spread = pl.DataFrame({"now": fast - slow if self.direction == "up" else slow - fast})
        before = pl.col("now").shift(1)
        crossed = pl.when(before.is_not_null()).then((pl.col("now") > 0) & (before <= 0))
        return spread.select(crossed.alias(self.canonical)).to_series()
