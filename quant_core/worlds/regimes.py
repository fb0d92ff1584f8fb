"""A market that stays calm or wild for a long time.

Put here: the world ``regimes``.
Keep out: volatility that moves gradually (garch_t.py, long_memory.py).
"""

# pyright: reportUntypedFunctionDecorator=false, reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numba as nb
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from quant_core.bars import Bars
from quant_core.block import Fraction
from quant_core.worlds._paths import Floats, bars_of_steps, unit_steps
from quant_core.worlds.contract import World


@dataclass(frozen=True)
class Regimes(World):
    """Normal moves whose volatility switches between two values, by a Markov chain that starts in its long-run law.

    Mean stay in the calm state ``dwell_bars``, in the wild one dwell_bars·wild_share/(1 − wild_share); the wild state's
    moves are ``ratio`` times as large. The mean variance is bar_vol².

    Attributes:
        dwell_bars: mean stay in the calm state, bars.
        wild_share: long-run share of wild bars, fraction; the wild stay must be over 1 bar.
        ratio: wild over calm volatility.

    Truth: ½ for every cell and horizon and a mean return of 0, exactly: states know nothing of direction.
    Source: Hamilton (1989), in volatility only.

    >>> size = np.abs(np.diff(Regimes().simulate(20_000, seed=1).frame["close"].to_numpy()))
    >>> by_day = size[: 24 * 833].reshape(-1, 24).mean(axis=1)
    >>> float(np.quantile(by_day, 0.9) / np.quantile(by_day, 0.1)) > 2
    True
    """

    dwell_bars: Annotated[int, Field(ge=2, le=1_000_000)] = 800
    wild_share: Fraction = 0.3
    ratio: Annotated[float, Field(ge=1, le=100)] = 3.0

    def simulate(self, n_bars: int, seed: int) -> Bars:
        rng = np.random.default_rng(seed)
        steps = unit_steps(rng, n_bars)
        wild = is_wild(rng.random(n_bars), *self.leaving, self.wild_share)
        calm_variance = 1.0 / (1.0 + self.wild_share * (self.ratio**2 - 1.0))
        scale = np.sqrt(calm_variance) * np.where(wild, self.ratio, 1.0)
        return bars_of_steps(steps * scale[:, None] * self.bar_vol, self.name)

    @property
    def leaving(self) -> tuple[float, float]:
        """Probability per bar of leaving the calm and the wild state, at most 1."""
        calm = 1.0 / self.dwell_bars
        return calm, min(1.0, calm * (1.0 - self.wild_share) / self.wild_share)


@nb.njit(cache=True)
def is_wild(uniform: Floats, leave_calm: float, leave_wild: float, wild_share: float) -> NDArray[np.bool_]:
    """The state of every bar."""
    wild = np.empty(len(uniform), dtype=np.bool_)
    state = False
    for t in range(len(uniform)):
        if t == 0:
            state = uniform[t] < wild_share
        elif uniform[t] < (leave_wild if state else leave_calm):
            state = not state
        wild[t] = state
    return wild
