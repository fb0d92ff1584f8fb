"""A market whose volatility remembers for thousands of bars.

Put here: the world ``long_memory``.
Keep out: volatility whose memory dies geometrically (garch_t.py, session_volatility.py, regimes.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from quant_core.bars import Bars
from quant_core.worlds._paths import Floats, bars_of_steps, unit_steps
from quant_core.worlds.contract import World


@dataclass(frozen=True)
class LongMemory(World):
    """Normal moves whose log volatility is fractionally integrated noise of standard deviation ``log_sd``.

    log σ_t = log_sd·x_t − log_sd², x = (1 − L)^(−memory)·noise scaled to variance 1; the mean variance is bar_vol².
    Autocorrelations of x fall like lag^(2·memory − 1): at 0.4 that of lag 1,000 is still a tenth.

    Attributes:
        memory: the order of integration d, in [0, ½).
        log_sd: standard deviation of log volatility.

    Truth: ½ for every cell and horizon and a mean return of 0, exactly: the sign of a step is independent of its size
    and of the past. Source: Breidt, Crato & de Lima (1998); the noise by Davies & Harte (1987).

    >>> size = np.abs(np.diff(LongMemory().simulate(40_000, seed=1).frame["close"].to_numpy()))
    >>> float(np.corrcoef(size[500:], size[:-500])[0, 1]) > 0.02
    True
    """

    memory: Annotated[float, Field(ge=0, lt=0.5)] = 0.4
    log_sd: Annotated[float, Field(ge=0, le=1)] = 0.5

    def simulate(self, n_bars: int, seed: int) -> Bars:
        rng = np.random.default_rng(seed)
        steps = unit_steps(rng, n_bars)
        slow = fractional_noise(rng, n_bars, self.memory)
        scale = np.exp(self.log_sd * slow - self.log_sd**2)
        return bars_of_steps(steps * scale[:, None] * self.bar_vol, self.name)


def fractional_autocorrelation(n_lags: int, memory: float) -> Floats:
    """Autocorrelations at lags 0 … n_lags − 1: r_k = r_{k−1}·(k − 1 + d)/(k − d).

    Source: Hosking (1981).

    >>> fractional_autocorrelation(3, 0.4).round(4).tolist()
    [1.0, 0.6667, 0.5833]
    """
    k = np.arange(1, n_lags)
    return np.concatenate([[1.0], np.cumprod((k - 1 + memory) / (k - memory))])


def fractional_noise(rng: np.random.Generator, n: int, memory: float) -> Floats:
    """(n,) Gaussian noise with exactly these autocorrelations and variance 1, by circulant embedding.

    The embedding exists because the autocorrelations are positive, falling and convex (Dietrich & Newsam 1997); what
    rounding leaves below 0 is 0.
    """
    rho = fractional_autocorrelation(n + 1, memory)
    spectrum = np.maximum(np.fft.rfft(np.concatenate([rho, rho[-2:0:-1]])).real, 0.0)
    weights = rng.standard_normal(n + 1) + 1j * rng.standard_normal(n + 1)
    # The two real frequencies carry all of their variance in the real part.
    weights[[0, -1]] = weights[[0, -1]].real * np.sqrt(2)
    return np.fft.irfft(weights * np.sqrt(spectrum * n), 2 * n)[:n]
