"""Jeffreys' posterior against scipy."""

import numpy as np
import pytest
from scipy import optimize, stats

from quant_core.estimators.jeffreys import Jeffreys


def test_mean_and_mode_are_those_of_the_beta_distribution():
    p, n = np.array([0.8, 0.3, 0.5]), np.array([10, 77.5, 2.0])
    a, b = p * n + 0.5, (1 - p) * n + 0.5
    np.testing.assert_allclose(Jeffreys().mean(p, n), stats.beta.mean(a, b), atol=1e-14)
    for mode, x, y in zip(Jeffreys().mode(p, n), a, b, strict=True):
        found = optimize.minimize_scalar(
            lambda r, x=x, y=y: -stats.beta.logpdf(r, x, y), bounds=(0, 1), method="bounded"
        )
        assert mode == pytest.approx(found.x, abs=1e-4)
    assert Jeffreys().mode([0.0, 1.0], [50, 50]).tolist() == [0.0, 1.0]


def test_highest_density_interval_is_the_shortest_and_exact_in_mass():
    rng = np.random.default_rng(5)
    p = np.concatenate([rng.uniform(size=80), np.exp(-rng.uniform(0, 12, 20)), 1 - np.exp(-rng.uniform(0, 12, 20))])
    n = 10 ** rng.uniform(-0.2, 5, len(p))
    low, high = Jeffreys().interval(p, n)
    a, b = Jeffreys().shape(p, n)
    np.testing.assert_allclose(stats.beta.cdf(high, a, b) - stats.beta.cdf(low, a, b), 0.95, atol=1e-9)
    inside = np.flatnonzero((a > 1) & (b > 1))
    assert len(inside) > 60
    for i in inside:
        d = stats.beta(a[i], b[i])
        best = optimize.minimize_scalar(
            lambda u, d=d: d.ppf(u + 0.95) - d.ppf(u), bounds=(0, 0.05), method="bounded", options={"xatol": 1e-13}
        )
        assert high[i] - low[i] <= best.fun + 1e-9


def test_equal_densities_at_both_ends_of_an_interior_interval():
    low, high = Jeffreys().interval([0.8, 0.1], [10, 500])
    a, b = Jeffreys().shape([0.8, 0.1], [10, 500])
    np.testing.assert_allclose(stats.beta.logpdf(low, a, b), stats.beta.logpdf(high, a, b), atol=1e-9)


def test_one_sided_where_the_density_has_its_peak_at_an_edge():
    low, high = Jeffreys().interval([0.0, 1.0, 0.5], [30, 30, 0.4])
    assert low[0] == 0
    assert high[0] == pytest.approx(stats.beta.ppf(0.95, 0.5, 30.5), abs=1e-12)
    assert high[1] == 1
    assert low[1] == pytest.approx(stats.beta.ppf(0.05, 30.5, 0.5), abs=1e-12)
    # n = 0.4: U-shaped, equal-tailed by the stated rule.
    assert low[2] == pytest.approx(stats.beta.ppf(0.025, 0.7, 0.7), abs=1e-12)
