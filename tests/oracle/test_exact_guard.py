"""The exact binomial guard of rates: scipy's binomial test, its critical rates, size near 0 and 1, certain effects."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from quant_core.counting.block_moments import moments_of_blocks
from quant_core.estimators.cluster_robust_test import ClusterRobustTest, exact_p_value, inflation_of_difference
from quant_core.special_functions import binomial_critical_rate, binomial_two_sided

N_BARS, BLOCK = 1280, 64


def moments(outcomes: np.ndarray, events: np.ndarray):
    """Block moments of many simulated cells: both arrays (n_simulations, N_BARS) of 0/1."""
    shape = (outcomes.shape[0], N_BARS // BLOCK, BLOCK)
    hit = (outcomes * events).reshape(shape).sum(axis=2).T
    every = outcomes.reshape(shape).sum(axis=2).T
    n = events.reshape(shape).sum(axis=2).T
    bars = np.full(n.shape[0], BLOCK)
    parts = [
        moments_of_blocks(
            n[:, [i]],
            hit[:, [i]],
            bars,
            every[:, i],
            covered=n[:, i].sum(keepdims=True),
            squares=hit[:, [i]].sum(axis=0),
        )
        for i in range(outcomes.shape[0])
    ]
    return type(parts[0])(*(np.concatenate([getattr(p, f) for p in parts]) for f in parts[0].__dataclass_fields__))


@pytest.mark.parametrize(
    ("k", "n", "rate"), [(0, 40, 0.1), (40, 40, 0.9), (3, 17, 0.5), (152, 152, 0.53), (9, 300, 0.02)]
)
def test_tails_equal_scipys_binomial_distribution(k, n, rate):
    upper, lower = stats.binom.sf(k - 1, n, rate), stats.binom.cdf(k, n, rate)
    assert binomial_two_sided(k, n, rate) == pytest.approx(min(1, 2 * min(upper, lower)), rel=1e-10)


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize(
    ("n", "rate", "tail"), [(50, 0.5, 0.025), (50, 0.1, 1e-4), (7.5, 0.4, 0.01), (3000, 0.97, 1e-6)]
)
def test_critical_rates_are_where_the_tail_is_reached(n, rate, tail, upper):
    critical = float(binomial_critical_rate(n, rate, tail, upper=upper))
    if np.isnan(critical):
        assert (rate if upper else 1 - rate) ** n > tail
        return
    outward = 1e-6 if upper else -1e-6
    assert binomial_two_sided((critical + outward) * n, n, rate) <= 2 * tail
    assert binomial_two_sided((critical - outward) * n, n, rate) >= 2 * tail * 0.99


def test_the_p_value_is_never_under_the_exact_one_and_the_t_test_stands_where_it_is_larger():
    rng = np.random.default_rng(5)
    m = moments(rng.uniform(size=(200, N_BARS)) < 0.5, rng.uniform(size=(200, N_BARS)) < 0.2)
    n_eff = np.asarray(m.n, dtype=float)
    p, guard, alone = ClusterRobustTest().p_value(m, n_eff), exact_p_value(m, n_eff), ClusterRobustTest().p_value(m)
    np.testing.assert_array_equal(p, np.maximum(guard, alone))
    assert (p > guard).any()
    assert (p > alone).any()


def test_independent_outcomes_are_not_inflated_on_average():
    rng = np.random.default_rng(6)
    m = moments(rng.uniform(size=(2000, N_BARS)) < 0.3, rng.uniform(size=(2000, N_BARS)) < 0.2)
    assert np.mean(inflation_of_difference(m, np.asarray(m.n, dtype=float))) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("share", [40 / N_BARS, 0.25])
def test_size_holds_near_0_and_1_where_own_means_alone_reject_too_often(rate, share):
    rng = np.random.default_rng(int(1000 * rate) + int(100 * share))
    n = 4000
    m = moments(rng.uniform(size=(n, N_BARS)) < rate, rng.uniform(size=(n, N_BARS)) < share)
    p = ClusterRobustTest().p_value(m, np.asarray(m.n, dtype=float))
    for level in (0.05, 0.01, 0.001):
        assert np.mean(p <= level) <= level + 2.5 * np.sqrt(level / n)
    if (rate, share) == (0.05, 40 / N_BARS):
        assert np.mean(ClusterRobustTest().p_value(m) <= 0.05) > 0.07, "the guard is what holds the size here"


@pytest.mark.parametrize("certain", [True, False])
def test_certain_outcomes_are_found_however_few_the_blocks(certain):
    rng = np.random.default_rng(7)
    outcomes, events = rng.uniform(size=(50, N_BARS)) < 0.52, np.zeros((50, N_BARS), dtype=bool)
    events[:, ::8] = True
    m = moments(np.where(events, certain, outcomes), events)
    assert ClusterRobustTest().p_value(m, np.asarray(m.n, dtype=float)).max() < 1e-12


def test_two_certain_sides_are_tested_by_the_guard_alone_and_equal_sides_not_at_all():
    events = np.zeros((1, N_BARS), dtype=bool)
    events[:, ::8] = True
    n_eff = events.sum(axis=1).astype(float)
    apart, same = moments(events.astype(int), events), moments(np.ones((1, N_BARS), dtype=int), events)
    assert ClusterRobustTest().p_value(apart, n_eff)[0] < 1e-12
    assert np.isnan(ClusterRobustTest().p_value(same, n_eff)[0])
    assert np.isnan(ClusterRobustTest().p_value(apart)[0]), "numbers without variance have no test"
