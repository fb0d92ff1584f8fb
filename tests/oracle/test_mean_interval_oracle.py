"""The bootstrap interval of a mean against arch and against plain Python."""

import math

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap

from quant_core.estimators.mean_interval import MeanInterval, mean_block_length, resampled_means

MASK = 2**64 - 1


def uniforms(state):
    """splitmix64 in plain integers."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        yield state, ((z >> 11) + 1) / 2**53


def plain_resampled_means(values, mean_length, n_resamples, seed):
    """The stationary bootstrap written out: pick values one run at a time."""
    n, means = len(values), []
    for r in range(n_resamples):
        state, _ = next(uniforms(seed ^ (((r + 1) * 0xD1342543DE82EF95) & MASK)))
        stream, picked = uniforms(state), []
        while len(picked) < n:
            start = min(int(next(stream)[1] * n), n - 1)
            u = next(stream)[1]
            run = 1 + math.floor(math.log(u) / math.log(1 - 1 / mean_length)) if mean_length > 1 else 1
            picked += [values[(start + i) % n] for i in range(min(run, n - len(picked)))]
        means.append(sum(picked) / n)
    return means


@pytest.mark.parametrize(("n", "length"), [(17, 3.0), (50, 1.0), (64, 64.0)])
def test_the_kernel_equals_the_readable_bootstrap(n, length):
    values = np.random.default_rng(n).normal(size=n)
    fast = resampled_means(values, length, 40, np.uint64(987654321))
    np.testing.assert_allclose(fast, plain_resampled_means(values.tolist(), length, 40, 987654321), atol=1e-12)


def test_the_spread_of_resampled_means_equals_that_of_arch():
    rng = np.random.default_rng(2)
    y = np.convolve(rng.normal(size=420), np.ones(20) / 20, "valid")
    length = 25.0
    ours = resampled_means(y - y.mean(), length, 6000, np.uint64(1)).std()
    theirs = StationaryBootstrap(length, y, seed=7).apply(np.mean, 6000).std()
    assert ours == pytest.approx(theirs, rel=0.05)


def test_equal_seeds_give_bit_equal_intervals_and_other_seeds_do_not():
    y = np.random.default_rng(0).normal(size=300)
    first, again, other = (MeanInterval(seed=s).of_values(y, 300.0) for s in (4, 4, 5))
    assert first == again != other


def test_runs_grow_with_overlap():
    assert mean_block_length(1000, 1000.0) == pytest.approx(12)
    assert mean_block_length(1000, 50.0) == pytest.approx(50)
    assert mean_block_length(10**6, 1e6) == pytest.approx(1000)
