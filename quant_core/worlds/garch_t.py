"""A market whose volatility clusters and whose moves have fat tails.

Put here: the world ``garch_t``.
Keep out: volatility that follows the clock (session_volatility.py).
"""

# pyright: reportUntypedFunctionDecorator=false, reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numba as nb
import numpy as np
from pydantic import Field

from quant_core.bars import Bars
from quant_core.errors import ConfigError
from quant_core.worlds._paths import Floats, bars_of_steps, unit_steps
from quant_core.worlds.contract import World

_BURN_IN = 500


@dataclass(frozen=True)
class GarchT(World):
    """GARCH(1,1) with Student-t moves.

    r_t = σ_t·ε_t, ε Student t scaled to variance 1;  σ²_{t+1} = (1 − alpha − beta)·bar_vol² + alpha·r_t² + beta·σ²_t.
    A bar's eight steps share the bar's scale, so that their sum has the t distribution. 500 bars are burnt in.

    Attributes:
        alpha: weight of the last squared move, fraction.
        beta: weight of the last variance, fraction; alpha + beta < 1.
        degrees: of the t distribution, > 2.

    Truth: ½ for every cell and horizon, exactly. Source: Bollerslev (1987).

    >>> calm, wild = GarchT(alpha=0.0, beta=0.0, degrees=1e6), GarchT(degrees=3.0)
    >>> def tail(world):
    ...     r = np.diff(world.simulate(20_000, seed=1).frame["close"].to_numpy())
    ...     return float(np.mean(np.abs(r) > 4 * r.std()))
    >>> tail(calm) < 0.0005 < 0.002 < tail(wild)
    True
    """

    alpha: Annotated[float, Field(ge=0, lt=1)] = 0.08
    beta: Annotated[float, Field(ge=0, lt=1)] = 0.90
    degrees: Annotated[float, Field(gt=2, le=1e9)] = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.alpha + self.beta >= 1:
            raise ConfigError.at(
                f"{self.name}.beta",
                expected=f"less than 1 − alpha ({1 - self.alpha:g})",
                found=self.beta,
                next_step="Lower one of the two.",
            )

    def simulate(self, n_bars: int, seed: int) -> Bars:
        rng = np.random.default_rng(seed)
        steps = unit_steps(rng, n_bars + _BURN_IN)
        mixing = np.sqrt((self.degrees - 2) / rng.chisquare(self.degrees, len(steps)))
        scale = mixing * garch_sigma(mixing * steps.sum(axis=1), self.alpha, self.beta)
        return bars_of_steps((steps * scale[:, None])[_BURN_IN:] * self.bar_vol, self.name)


@nb.njit(cache=True)
def garch_sigma(innovations: Floats, alpha: float, beta: float) -> Floats:
    """Conditional standard deviation of every bar at an unconditional one of 1."""
    sigma = np.empty(len(innovations))
    variance = 1.0
    for t in range(len(innovations)):
        sigma[t] = np.sqrt(variance)
        variance = 1.0 - alpha - beta + alpha * variance * innovations[t] ** 2 + beta * variance
    return sigma
