"""A market whose moves are bounded.

Put here: the world ``uniform_walk``.
Keep out: normal moves (random_walk.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant_core.bars import Bars
from quant_core.worlds._paths import STEPS_PER_BAR, bars_of_steps
from quant_core.worlds.contract import World


@dataclass(frozen=True)
class UniformWalk(World):
    """Independent uniform steps, eight in a bar.

    Truth: ½ for every cell and horizon, exactly. Source: none, ours.

    >>> moves = UniformWalk(bar_vol=1e-3).simulate(20_000, seed=1).frame["close"].diff().drop_nulls()
    >>> abs(moves.std() - 0.1) < 0.002
    True
    """

    def simulate(self, n_bars: int, seed: int) -> Bars:
        # A uniform number on (-a, a) has the variance a²/3.
        steps = np.random.default_rng(seed).uniform(-1.0, 1.0, (n_bars, STEPS_PER_BAR)) * np.sqrt(3 / STEPS_PER_BAR)
        return bars_of_steps(steps * self.bar_vol, self.name)
