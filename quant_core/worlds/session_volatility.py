"""A market whose volatility follows the clock and its own past.

Put here: the world ``session_volatility``.
Keep out: volatility driven by the last move (garch_t.py).
"""

# pyright: reportUnknownVariableType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

import numpy as np
from pydantic import Field
from scipy.signal import lfilter

from quant_core.bars import Bars
from quant_core.worlds._paths import Floats, bars_of_steps, hour_of, unit_steps, weekday_of
from quant_core.worlds.contract import World

_BURN_IN = 1000


@dataclass(frozen=True)
class SessionVolatility(World):
    """Normal moves with log σ = daily pattern + weekend + AR(1), scaled to a mean variance of one bar_vol².

    Daily pattern: ½·cos(2π(hour − 14)/24). Weekend: −½ on Saturday and Sunday.
    AR(1): x_{t+1} = persistence·x_t + noise, standard deviation ``log_sd``.

    Attributes:
        persistence: autocorrelation of log volatility from bar to bar, fraction.
        log_sd: standard deviation of log volatility around the pattern.

    Truth: ½ for every cell and horizon, exactly: the sign of a step is independent of its size and of the past.
    Source: none, ours.

    >>> r = SessionVolatility().simulate(24_000, seed=1).frame["close"].diff().to_numpy()[1:]
    >>> by_hour = [float(np.std(r[h::24])) for h in range(24)]
    >>> abs((int(np.argmax(by_hour)) + 1) - 14) <= 2
    True
    """

    persistence: Annotated[float, Field(ge=0, lt=1)] = 0.99
    log_sd: Annotated[float, Field(ge=0, le=1)] = 0.4

    def simulate(self, n_bars: int, seed: int) -> Bars:
        rng = np.random.default_rng(seed)
        steps = unit_steps(rng, n_bars)
        noise = rng.standard_normal(n_bars + _BURN_IN) * self.log_sd * np.sqrt(1 - self.persistence**2)
        slow = cast(Floats, lfilter([1.0], [1.0, -self.persistence], noise))[_BURN_IN:]
        clock = 0.5 * np.cos(2 * np.pi * (hour_of(n_bars) - 14) / 24) - 0.5 * (weekday_of(n_bars) >= 5)
        # The mean of exp(2·log σ): a lognormal factor times the average over one week of the pattern.
        week = 0.5 * np.cos(2 * np.pi * (hour_of(168) - 14) / 24) - 0.5 * (weekday_of(168) >= 5)
        mean_variance = np.exp(2 * self.log_sd**2) * np.mean(np.exp(2 * week))
        scale = np.exp(clock + slow) / np.sqrt(mean_variance)
        return bars_of_steps(steps * scale[:, None] * self.bar_vol, self.name)
