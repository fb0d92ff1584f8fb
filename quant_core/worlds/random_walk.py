"""A market without memory.

Put here: the world ``random_walk``.
Keep out: volatility that changes (garch_t.py, session_volatility.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant_core.bars import Bars
from quant_core.worlds._paths import bars_of_steps, unit_steps
from quant_core.worlds.contract import World


@dataclass(frozen=True)
class RandomWalk(World):
    """Independent normal steps of equal size, eight in a bar.

    Truth: ½ for every cell and horizon, exactly. Source: none, ours.

    >>> moves = RandomWalk(bar_vol=1e-3).simulate(20_000, seed=1).frame["close"].diff().drop_nulls()
    >>> abs(moves.std() - 0.1) < 0.002, abs((moves > 0).mean() - 0.5) < 0.015
    (True, True)
    """

    def simulate(self, n_bars: int, seed: int) -> Bars:
        steps = unit_steps(np.random.default_rng(seed), n_bars)
        return bars_of_steps(steps * self.bar_vol, self.name)
