"""A market of coarse ticks: many closes equal the close before.

Put here: the world ``ticks``.
Keep out: prices as fine as floats (random_walk.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant_core.bars import Bars
from quant_core.block import Positive
from quant_core.worlds._paths import START_PRICE, Floats, bars_of_prices, unit_steps
from quant_core.worlds.contract import World


@dataclass(frozen=True)
class Ticks(World):
    """A random walk on a lattice: every price is a whole number of ticks of ``tick_share`` standard deviations.

    Each bar starts from its open, a lattice price; its path is rounded to the lattice, so steps of whole ticks stay
    independent and symmetric, while a walk rounded as a whole would revert. Their variance is bar_vol² + tick²/12.

    Attributes:
        tick_share: tick over a bar's standard deviation before rounding.

    Truth: a close that moved is higher with probability ½ over any horizon, for every cell, exactly; how many do not
    move is ``tie_share``. Every mean return is 0. Source: none, ours.

    >>> moves = Ticks().simulate(20_000, seed=1).frame["close"].diff().drop_nulls()
    >>> abs(float((moves == 0).mean()) - Ticks().tie_share(1)) < 0.01, round(Ticks().tie_share(1), 3)
    (True, 0.197)
    """

    tick_share: Positive = 0.5

    def simulate(self, n_bars: int, seed: int) -> Bars:
        steps = unit_steps(np.random.default_rng(seed), n_bars)
        inside = np.rint(np.cumsum(steps, axis=1) / self.tick_share).astype(np.int64)
        close = np.cumsum(inside[:, -1])
        opens = np.concatenate([[0], close[:-1]])
        high = opens + np.maximum(inside.max(axis=1), 0)
        low = opens + np.minimum(inside.min(axis=1), 0)
        opens, high, low, close = (self._prices(ticks) for ticks in (opens, high, low, close))
        return bars_of_prices(opens, high, low, close, self.name)

    def _prices(self, ticks: NDArray[np.int64]) -> Floats:
        """Equal numbers of ticks above the first price are equal floats, so ties are exact."""
        return START_PRICE + START_PRICE * self.bar_vol * self.tick_share * ticks.astype(np.float64)

    def tie_share(self, horizon: int) -> float:
        """Exact share of closes that equal the close ``horizon`` bars later: the step's law folded with itself.

        By hand, one bar: P(|Z| < ¼) = 0.197.
        """
        furthest = math.ceil(9.0 / self.tick_share)
        cuts = (np.arange(-furthest, furthest + 2) - 0.5) * self.tick_share / math.sqrt(2.0)
        below = np.array([0.5 * math.erfc(-cut) for cut in cuts])
        # P(sum = 0) is the mean of the characteristic function's power over as many points as the sum has values.
        n_points = 2 * furthest * horizon + 1
        angles = 2 * np.pi * np.arange(n_points) / n_points
        folded = np.cos(np.outer(angles, np.arange(-furthest, furthest + 1))) @ np.diff(below)
        return float(np.mean(folded**horizon))
