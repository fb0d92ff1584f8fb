"""Bars at which a fast average crosses a slow one.

Put here: the event ``ema_cross``.
Keep out: the averages (features/ema.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count
from quant_core.errors import ConfigError
from quant_core.events.contract import Event
from quant_core.features.ema import Ema


@dataclass(frozen=True)
class EmaCross(Event):
    """The fast EMA moves from at or below the slow one to above it (up), or from at or above to below (down).

    up: fast_{t−1} ≤ slow_{t−1} and fast_t > slow_t; down: fast_{t−1} ≥ slow_{t−1} and fast_t < slow_t

    Attributes:
        fast: span of the fast average in bars, ≥ 1, below ``slow``.
        slow: span of the slow average in bars.
        direction: ``up`` or ``down``.

    Look-ahead: none. Missing: null for the first ``slow`` bars: two bars with both averages are needed.
    Source: none, ours.

    Raises:
        ConfigError: fast is not below slow.

    Example, by hand, fast = the close, slow seeded with (2 + 1)/2 = 1.5, then 4/3 + 1 = 2.5 (weight 2/3): the
    close goes from 1 < 1.5 to 3 > 2.5.

    >>> EmaCross(fast=1, slow=2).mask(Bars.of(close=[2, 1, 3, 4])).to_list()
    [None, None, True, False]
    >>> EmaCross(fast=3, slow=3)
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Wrong value at ema_cross.fast: expected less than slow (3), found 3. Correct it.
    """

    fast: Count = 12
    slow: Count = 26
    direction: Literal["up", "down"] = "up"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fast >= self.slow:
            raise ConfigError.at(
                "ema_cross.fast", expected=f"less than slow ({self.slow})", found=self.fast, next_step="Correct it."
            )

    @property
    def warmup(self) -> int:
        return self.slow

    def mask(self, bars: Bars) -> pl.Series:
        fast, slow = Ema(period=self.fast).compute(bars), Ema(period=self.slow).compute(bars)
        spread = pl.DataFrame({"now": fast - slow if self.direction == "up" else slow - fast})
        before = pl.col("now").shift(1)
        crossed = pl.when(before.is_not_null()).then((pl.col("now") > 0) & (before <= 0))
        return spread.select(crossed.alias(self.canonical)).to_series()
