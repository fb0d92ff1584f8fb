"""The contract of every estimator; none is named here."""

import numpy as np
import pytest

from quant_core.estimators import ESTIMATORS, Sample
from quant_core.estimators.wilson import Wilson

COVERING = [n for n in sorted(ESTIMATORS) if ESTIMATORS[n]().estimand != "none"]
# Discrete medians and small samples make exact nominal coverage impossible; below 0.93 an interval is not honest.
LOWEST, HIGHEST = 0.93, 0.985


def sample_of(estimand, rng, *, horizon, n_bars=3000):
    """A cell of scattered events with outcomes over ``horizon`` bars, and the true value of the estimand."""
    steps = rng.standard_t(5, n_bars + horizon)
    level = np.concatenate([[0.0], np.cumsum(steps)])
    change = level[horizon : horizon + n_bars] - level[:n_bars]
    at = np.flatnonzero(rng.uniform(size=n_bars) < 0.2)
    if estimand == "rate":
        return Sample.of(change[at] > 0, positions=at, horizon=horizon, all_values=change > 0), 0.5
    if estimand == "mean":
        return Sample.of(change[at], positions=at, horizon=horizon, all_values=change), 0.0
    # The wait for a coin with p = 0.1 is geometric: P(T > 7) = 0.478 is the first at or under a half.
    hits = np.append(np.flatnonzero(rng.uniform(size=n_bars) < 0.1), 10 * n_bars)
    wait = hits[np.searchsorted(hits, at, side="right")] - at
    window = 60
    return Sample.of(np.minimum(wait, window), positions=at, horizon=window, observed=wait <= window), 7.0


def coverage(name, horizon, n_worlds, seed):
    rng, estimator, hits = np.random.default_rng(seed), ESTIMATORS[name](), 0
    for _ in range(n_worlds):
        sample, truth = sample_of(estimator.estimand, rng, horizon=horizon)
        estimate = estimator.estimate(sample)
        assert estimate.low <= estimate.value <= estimate.high
        hits += estimate.low <= truth <= estimate.high
    return hits / n_worlds


@pytest.mark.parametrize("horizon", [1, 10])
@pytest.mark.parametrize("name", COVERING)
def test_interval_covers_the_truth(name, horizon):
    n = 300
    slack = 3 * np.sqrt(0.95 * 0.05 / n)
    assert 0.95 - slack <= coverage(name, horizon, n, 17) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("horizon", [1, 5, 20, 60])
@pytest.mark.parametrize("name", COVERING)
def test_interval_covers_the_truth_at_its_confidence(name, horizon):
    found = coverage(name, horizon, 1000, 23)
    print(f"coverage {name} horizon {horizon}: {found:.3f}")  # noqa: T201 (rates are published)
    assert LOWEST <= found <= (1.0 if ESTIMATORS[name]().estimand == "median_time" else HIGHEST)


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_an_empty_sample_has_no_value(name):
    assert np.isnan(ESTIMATORS[name]().estimate(Sample.of([]))).all()


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_equal_samples_give_bit_equal_estimates(name):
    estimator = ESTIMATORS[name]()
    sample, _ = sample_of(estimator.estimand if name in COVERING else "rate", np.random.default_rng(1), horizon=5)
    first, again = estimator.estimate(sample), ESTIMATORS[name]().estimate(sample)
    np.testing.assert_array_equal(first, again)
    assert np.isfinite(first.value)


def test_the_coverage_check_fails_an_interval_that_ignores_overlap():
    """The check above must be able to fail: plain n on 60-bar outcomes covers far less than it claims."""
    rng, hits = np.random.default_rng(3), 0
    for _ in range(200):
        sample, truth = sample_of("rate", rng, horizon=60)
        low, high = Wilson().interval(sample.values.mean(), len(sample.values))
        hits += low <= truth <= high
    assert hits / 200 < 0.75
