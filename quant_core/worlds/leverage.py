"""A market in which falls raise volatility more than rises do.

Put here: the world ``leverage``.
Keep out: volatility that answers to sizes alone (garch_t.py).
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
class Leverage(World):
    """GJR-GARCH(1,1) with Student-t moves.

    r_t = σ_t·ε_t, ε Student t scaled to variance 1;
    σ²_{t+1} = ω + (alpha + gamma·[r_t < 0])·r_t² + beta·σ²_t,  ω = (1 − alpha − gamma/2 − beta)·bar_vol².
    A bar's eight steps share the bar's scale. 500 bars are burnt in.

    Attributes:
        alpha: weight of the last squared move, fraction.
        gamma: what a fall weighs more, fraction.
        beta: weight of the last variance, fraction; alpha + gamma/2 + beta < 1.
        degrees: of the t distribution, > 2.

    Truth: every mean return is 0 over any horizon, and the next bar's direction a fair coin, exactly. Over more bars
    the sum of moves is skewed to the left, so rises are a little more frequent than falls, and how much depends on what
    was seen: there is no one rate to compare cells with (``fair_horizon`` is 1).
    Source: Glosten, Jagannathan & Runkle (1993).

    >>> def answer(world):
    ...     r = np.diff(world.simulate(40_000, seed=1).frame["close"].to_numpy())
    ...     return float(np.corrcoef(r[:-1], np.abs(r[1:]))[0, 1])
    >>> answer(Leverage()) < -0.02 < answer(Leverage(gamma=0.0))
    True
    """

    alpha: Annotated[float, Field(ge=0, lt=1)] = 0.02
    gamma: Annotated[float, Field(ge=0, lt=1)] = 0.12
    beta: Annotated[float, Field(ge=0, lt=1)] = 0.90
    degrees: Annotated[float, Field(gt=2, le=1e9)] = 6.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.alpha + self.gamma / 2 + self.beta >= 1:
            raise ConfigError.at(
                f"{self.name}.beta",
                expected=f"less than 1 − alpha − gamma/2 ({1 - self.alpha - self.gamma / 2:g})",
                found=self.beta,
                next_step="Lower one of the three.",
            )

    @property
    def fair_horizon(self) -> int:
        return 1

    def simulate(self, n_bars: int, seed: int) -> Bars:
        rng = np.random.default_rng(seed)
        steps = unit_steps(rng, n_bars + _BURN_IN)
        mixing = np.sqrt((self.degrees - 2) / rng.chisquare(self.degrees, len(steps)))
        scale = mixing * gjr_sigma(mixing * steps.sum(axis=1), self.alpha, self.gamma, self.beta)
        return bars_of_steps((steps * scale[:, None])[_BURN_IN:] * self.bar_vol, self.name)


@nb.njit(cache=True)
def gjr_sigma(innovations: Floats, alpha: float, gamma: float, beta: float) -> Floats:
    """Conditional standard deviation of every bar at an unconditional one of 1."""
    sigma = np.empty(len(innovations))
    variance = 1.0
    for t in range(len(innovations)):
        sigma[t] = np.sqrt(variance)
        weight = alpha + (gamma if innovations[t] < 0 else 0.0)
        variance *= weight * innovations[t] ** 2 + beta
        variance += 1.0 - alpha - 0.5 * gamma - beta
    return sigma
