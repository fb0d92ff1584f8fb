"""The mean of a number over dependent outcomes, with a bootstrap interval that keeps the dependence.

Put here: the estimator ``mean_interval`` and its resampling kernel.
Keep out: tests against a baseline (cluster_robust_test.py).
"""

# pyright: reportUntypedFunctionDecorator=false, reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np

from quant_core.estimators._base import Estimand, Estimate, Estimator, Floats, Sample
from quant_core.estimators._moments import moments_of_sample, ratio
from quant_core.estimators._special import normal_quantile, sample_quantiles, t_quantile


def mean_block_length(n: int, n_unique: float) -> float:
    """Mean length of the resampled runs, in outcomes: max(n^(1/3) + 2·n/n_unique, n/1000), at most n.

    n/n_unique is how many outcome windows overlap on average, so that runs outlast the overlap. A thousand runs per
    resample are enough for the spread of a mean; longer runs of a long sample keep slower dependence.

    >>> [round(mean_block_length(n, unique), 9) for n, unique in ((1000, 1000.0), (1000, 50.0), (1, 1.0))]
    [12.0, 50.0, 1.0]
    """
    return float(min(max(n ** (1 / 3) + 2 * n / n_unique, n / 1000), n))


@dataclass(frozen=True)
class MeanInterval(Estimator):
    """Mean of the outcomes with the percentile interval of a stationary bootstrap.

    Runs of outcomes in time order start anywhere (circular) and have geometric length of mean
    L = max(n^(1/3) + 2·n/n_unique, n/1000); a resample has n outcomes. Bounds are the (1 ± confidence)/2 quantiles of
    the means of the resamples, stretched around the mean for what the bootstrap is known to miss:
    1/√(1 − 2L/n), because resamples vary around the sample's mean, not the true one (lag weights sum to 2L);
    1/√(1 − o/(2L)), o = n/n_unique, because runs end while outcomes still overlap (correlation falls to nothing over
    about o unevenly spaced outcomes);
    t/z quantiles with n/L degrees of freedom, because the spread is estimated from about n/L runs.

    Attributes:
        confidence: coverage, fraction in (0, 1).
        n_resamples: bootstrap repetitions, ≥ 1.
        seed: start of the random stream; resample i uses a stream of its own, so equal on any number of workers.

    Missing: value nan for an empty sample; bounds nan where n < 4·L (fewer than four runs say little of the spread).
    Source: Politis & Romano (1994); run length and stretch ours, calibrated by simulation.
    Checked against: arch ``StationaryBootstrap``.

    Example: equal outcomes leave no doubt; two overlapping ones no interval.

    >>> MeanInterval().estimate(Sample.of([2.0] * 50))
    Estimate(value=2.0, low=2.0, high=2.0)
    >>> MeanInterval().estimate(Sample.of([1.0, 3.0]))
    Estimate(value=2.0, low=nan, high=nan)
    """

    confidence: float = 0.95
    n_resamples: int = 999
    seed: int = 0

    @property
    def estimand(self) -> Estimand:
        return "mean"

    def of_values(self, values: Floats, n_unique: float) -> Estimate:
        """The interval of one cell's outcomes in time order, with ``n_unique`` = covered bars / horizon."""
        n = len(values)
        if n == 0:
            return Estimate(np.nan, np.nan, np.nan)
        mean = float(np.mean(values))
        length = mean_block_length(n, n_unique)
        if n < 4 * length:
            return Estimate(mean, np.nan, np.nan)
        deviations = resampled_means(values - mean, length, self.n_resamples, np.uint64(self.seed % 2**64))
        tail = (1 - self.confidence) / 2
        missed = (1 - 2 * length / n) * (1 - n / n_unique / (2 * length))
        stretch = t_quantile(1 - tail, n / length) / normal_quantile(1 - tail) / np.sqrt(missed)
        low, high = sample_quantiles(deviations, tail, 1 - tail)
        return Estimate(mean, min(mean + low * float(stretch), mean), max(mean + high * float(stretch), mean))

    def estimate(self, sample: Sample) -> Estimate:
        if not len(sample.values):
            return Estimate(np.nan, np.nan, np.nan)
        unique = ratio(moments_of_sample(sample).covered, np.array([sample.horizon]))
        return self.of_values(sample.values, min(float(unique[0]), len(sample.values)))


@nb.njit(cache=True)
def _next_uniform(state: np.uint64) -> tuple[np.uint64, float]:
    """One step of splitmix64: the next state and a uniform number in (0, 1]."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return state, (float(z >> np.uint64(11)) + 1.0) * 1.1102230246251565e-16


@nb.njit(cache=True)
def resampled_means(values: Floats, mean_length: float, n_resamples: int, seed: np.uint64) -> Floats:
    """Means of stationary-bootstrap resamples; a run costs one prefix-sum difference, whatever its length."""
    n = len(values)
    prefix = np.zeros(2 * n + 1)
    for i in range(2 * n):
        prefix[i + 1] = prefix[i] + values[i % n]
    # Length 1 + floor(log u / log(1 − 1/L)); L = 1 divides by −inf, which gives length 1.
    log_stay = np.log(1.0 - 1.0 / mean_length) if mean_length > 1.0 else -np.inf
    means = np.empty(n_resamples)
    for r in range(n_resamples):
        state, _ = _next_uniform(seed ^ (np.uint64(r + 1) * np.uint64(0xD1342543DE82EF95)))
        total, left = 0.0, n
        while left > 0:
            state, u = _next_uniform(state)
            start = min(int(u * n), n - 1)
            state, u = _next_uniform(state)
            run = min(1.0 + np.floor(np.log(u) / log_stay), float(left))
            total += prefix[start + int(run)] - prefix[start]
            left -= int(run)
        means[r] = total / n
    return means
