"""Worlds have the moments and the memory that their theory says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import gamma as gamma_function
from scipy.stats import norm

from quant_core.errors import ConfigError
from quant_core.worlds import World
from quant_core.worlds.garch_t import GarchT
from quant_core.worlds.leverage import Leverage, gjr_sigma
from quant_core.worlds.long_memory import LongMemory, fractional_autocorrelation, fractional_noise
from quant_core.worlds.random_walk import RandomWalk
from quant_core.worlds.regimes import Regimes
from quant_core.worlds.session_volatility import SessionVolatility
from quant_core.worlds.ticks import Ticks

N_PATHS = 40
N_BARS = 20_000
Floats = NDArray[np.float64]


def moves(world: World, seed: int) -> Floats:
    """Moves of one path in units of ``bar_vol``."""
    close = world.simulate(N_BARS, seed).frame["close"].to_numpy()
    return np.diff(close) / (100 * world.bar_vol)


def over_paths(world: World, statistic: Callable[[Floats], float]) -> tuple[float, float]:
    """Mean over independent paths, and its standard error."""
    values = [statistic(moves(world, seed)) for seed in range(N_PATHS)]
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(N_PATHS))


@pytest.mark.parametrize(
    "world", [RandomWalk(), GarchT(), SessionVolatility(), Leverage(), LongMemory(), Regimes()], ids=lambda w: w.name
)
def test_the_variance_of_a_bar_is_what_bar_vol_says(world: World) -> None:
    mean, error = over_paths(world, lambda r: float(np.mean(r**2)))
    assert mean == pytest.approx(1.0, abs=4 * error)
    # A market that remembers its volatility varies from path to path, whatever is simulated.
    assert error < 0.08
    drift, error = over_paths(world, lambda r: float(np.mean(r)))
    assert drift == pytest.approx(0.0, abs=4 * error)


def test_falls_raise_volatility_by_what_gamma_says() -> None:
    """E[r_t·σ²_{t+1}] = −gamma/2·E|r|³: the other terms are odd in a symmetric move."""
    world = Leverage(degrees=1e6)
    innovations = np.random.default_rng(7).standard_normal(4_000_000)
    sigma = gjr_sigma(innovations, world.alpha, world.gamma, world.beta)
    r = sigma * innovations
    found = np.mean(r[:-1] * sigma[1:] ** 2) / np.mean(np.abs(r) ** 3)
    assert found == pytest.approx(-world.gamma / 2, abs=0.005)
    assert np.mean(r**2) == pytest.approx(1.0, abs=0.02)
    asymmetry, error = over_paths(Leverage(), lambda r: float(np.mean(r[:-1] * r[1:] ** 2)))
    assert asymmetry < -4 * error
    symmetric, error = over_paths(Leverage(gamma=0.0), lambda r: float(np.mean(r[:-1] * r[1:] ** 2)))
    assert abs(symmetric) < 4 * error


def test_leverage_that_explodes_is_refused_and_its_sums_are_skewed_to_the_left() -> None:
    with pytest.raises(ConfigError, match="beta"):
        Leverage(alpha=0.05, gamma=0.12, beta=0.9)
    share, error = over_paths(Leverage(), lambda r: float(np.mean(np.convolve(r, np.ones(20), "valid") > 0)))
    assert share > 0.5 + 4 * error, "over 20 bars direction is no fair coin: fair_horizon is 1"


def test_fractional_noise_remembers_as_published() -> None:
    """Hosking (1981): r_k = Γ(1 − d)Γ(k + d)/(Γ(d)Γ(k + 1 − d)), close to Γ(1 − d)/Γ(d)·k^(2d − 1)."""
    d = 0.4
    exact = fractional_autocorrelation(2001, d)
    k = np.array([1, 10, 100])
    published = gamma_function(1 - d) * gamma_function(k + d) / (gamma_function(d) * gamma_function(k + 1 - d))
    np.testing.assert_allclose(exact[k], published, rtol=1e-12)
    assert exact[2000] == pytest.approx(gamma_function(1 - d) / gamma_function(d) * 2000 ** (2 * d - 1), rel=1e-3)
    rng = np.random.default_rng(11)
    paths = np.stack([fractional_noise(rng, 2001, d) for _ in range(3000)])
    for lag in (0, 1, 10, 100, 1000, 2000):
        products = (paths[:, : 2001 - lag] * paths[:, lag:]).mean(axis=1)
        error = products.std(ddof=1) / np.sqrt(len(products))
        assert products.mean() == pytest.approx(exact[lag], abs=4 * error)
        assert error < 0.02
    assert (
        abs(np.corrcoef(fractional_noise(rng, 50_000, 0.0)[:-1], fractional_noise(rng, 50_000, 0.0)[1:])[0, 1]) < 0.02
    )


def test_long_memory_outlives_the_memory_of_garch() -> None:
    def far(r: Floats) -> float:
        size = np.abs(r)
        return float(np.corrcoef(size[500:], size[:-500])[0, 1])

    long, long_error = over_paths(LongMemory(), far)
    short, short_error = over_paths(GarchT(), far)
    assert long > 4 * long_error
    assert abs(short) < 4 * short_error
    assert long > short + 4 * (long_error + short_error)


def test_regimes_last_and_weigh_what_they_say() -> None:
    world = Regimes(dwell_bars=100, wild_share=0.25, ratio=3.0)
    calm = 1 / (1 + 0.25 * 8)
    # A mixture of normals: E r⁴ = 3·Σ share·variance²; the covariance of r² decays by the chain's second eigenvalue.
    fourth, error = over_paths(world, lambda r: float(np.mean(r**4)))
    assert fourth == pytest.approx(3 * calm**2 * (0.75 + 0.25 * 81), abs=4 * error)
    decay = 1 - sum(world.leaving)
    for lag in (1, 20):
        product, error = over_paths(world, lambda r, lag=lag: float(np.mean(r[lag:] ** 2 * r[:-lag] ** 2)))
        expected = 1 + 0.25 * 0.75 * (calm * 8) ** 2 * decay**lag
        assert product == pytest.approx(expected, abs=4 * error)
        assert error < 0.05
    assert Regimes().leaving[0] == pytest.approx(1 / 800)
    assert Regimes(dwell_bars=100, wild_share=0.5).leaving == (0.01, 0.01)


def test_ticks_tie_as_often_as_their_lattice_says_and_moves_are_fair() -> None:
    world = Ticks()
    assert world.tie_share(1) == pytest.approx(norm.cdf(0.25) - norm.cdf(-0.25))
    for horizon in (1, 5):

        def ties(r: Floats, horizon: int = horizon) -> float:
            return float(np.mean(np.abs(np.convolve(r, np.ones(horizon), "valid")) < 1e-6))

        share, error = over_paths(world, ties)
        assert share == pytest.approx(world.tie_share(horizon), abs=4 * error)
        assert error < 0.002
    variance, error = over_paths(world, lambda r: float(np.mean(r**2)))
    assert variance == pytest.approx(1 + world.tick_share**2 / 12, abs=4 * error)
    prices = world.simulate(2000, 1).frame.select("open", "high", "low", "close").to_numpy()
    ticks = (prices - 100) / (100 * world.bar_vol * world.tick_share)
    np.testing.assert_allclose(ticks, np.rint(ticks), atol=1e-6)
