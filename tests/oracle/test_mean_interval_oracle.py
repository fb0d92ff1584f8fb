"""The bootstrap interval of a mean against arch and against plain Python."""

import itertools
import math

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap

from quant_core.estimators._resampling import means_and_deviations, resampled_means
from quant_core.estimators.mean_interval import MeanInterval, mean_block_lengths

MASK = 2**64 - 1


def words(state):
    """splitmix64 in plain integers."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        yield state, z


def minus_log(half):
    """-log of a uniform number: between the edges of 1,024 bins on a straight line, exact in the first sixteen."""
    edge, part = divmod(half, 2**22)
    if edge < 16:
        return -math.log((half + 1) / 2**32)
    low, high = (-math.log(e / 1024) for e in (edge, edge + 1))
    return low + part / 2**22 * (high - low)


def plain_resampled_means(values, mean_length, n_resamples, seed):
    """The stationary bootstrap written out: pick values one run at a time."""
    n, means = len(values), []
    for r in range(n_resamples):
        state, _ = next(words(seed ^ (((r + 1) * 0xD1342543DE82EF95) & MASK)))
        stream, picked = words(state), []
        while len(picked) < n:
            word = next(stream)[1]
            start, waited = (word >> 32) * n >> 32, minus_log(word & 0xFFFFFFFF)
            run = 1 + math.floor(-waited / math.log(1 - 1 / mean_length)) if mean_length > 1 else 1
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


def test_waiting_times_of_runs_are_exponential():
    halves = np.random.default_rng(3).integers(0, 2**32, 20_000)
    drawn = np.array([minus_log(int(half)) for half in halves])
    np.testing.assert_allclose(drawn, -np.log((halves + 1) / 2**32), atol=5e-4)


def test_many_cells_at_once_equal_one_by_one_on_any_number_of_threads():
    rng = np.random.default_rng(1)
    sizes = np.array([300, 0, 3, 20_000, 9_000])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    values, seeds = rng.normal(size=starts[-1]), rng.integers(0, 2**63, len(sizes)).astype(np.uint64)
    unique = np.maximum(sizes * 0.7, 1.0)
    together = np.array(MeanInterval().of_cells(values, starts, unique, seeds)).T
    for i, (a, b) in enumerate(itertools.pairwise(starts)):
        alone = MeanInterval(seed=int(seeds[i])).of_values(values[a:b], float(unique[i]))
        np.testing.assert_array_equal(together[i], np.array(alone))
    lengths = mean_block_lengths(np.maximum(sizes, 1), unique)
    one, two, three = (means_and_deviations(values, starts, lengths, seeds, 6000, 0.025, n) for n in (1, 2, 3))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, three)


def test_runs_grow_with_overlap():
    n, unique = np.array([1000, 1000, 10**6]), np.array([1000.0, 50.0, 1e6])
    np.testing.assert_allclose(mean_block_lengths(n, unique), [12, 50, 10000])
