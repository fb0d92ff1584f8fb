"""The mean of a number over dependent outcomes, with a bootstrap interval that keeps the dependence.

Put here: the estimator ``mean_interval`` for one sample and for many cells at once.
Keep out: the resampling loops (_resampling.py), tests against a baseline (cluster_robust_test.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from quant_core.block import Count, Fraction, Seed
from quant_core.counting.block_moments import Counts, Floats, ratio
from quant_core.estimators._resampling import means_and_deviations
from quant_core.estimators.contract import Estimand, Estimate, Estimator, Sample
from quant_core.special_functions import normal_quantile, t_quantile


def mean_block_lengths(n: Counts, n_unique: Floats) -> Floats:
    """Mean length of the resampled runs, in outcomes: max(n^(1/3) + 2·n/n_unique, n/100), at most n.

    n/n_unique is how many outcome windows overlap on average, so that runs outlast the overlap. A hundred runs tell the
    spread of a mean nearly as well as any number (of batches, thirty: Schmeiser 1982); longer runs of a long sample
    keep slower dependence.

    >>> mean_block_lengths(np.array([1000, 1000, 1]), np.array([1000.0, 50.0, 1.0])).round(9).tolist()
    [12.0, 50.0, 1.0]
    """
    return np.minimum(np.maximum(np.cbrt(n) + 2 * n / n_unique, n / 100), n)


@dataclass(frozen=True)
class MeanInterval(Estimator):
    """Mean of the outcomes with the percentile interval of a stationary bootstrap.

    Runs of outcomes in time order start anywhere (circular) and have geometric length of mean
    L = max(n^(1/3) + 2·n/n_unique, n/100); a resample has n outcomes. Bounds are the (1 ± confidence)/2 quantiles of
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

    confidence: Fraction = 0.95
    n_resamples: Count = 999
    seed: Seed = 0

    @property
    def estimand(self) -> Estimand:
        return "mean"

    def of_values(self, values: Floats, n_unique: float) -> Estimate:
        """The interval of one cell's outcomes in time order, with ``n_unique`` = covered bars / horizon."""
        starts = np.array([0, len(values)])
        cell = self.of_cells(values, starts, np.array([n_unique]), np.array([self.seed], dtype=np.uint64))
        return Estimate(*(float(bound[0]) for bound in cell))

    def of_cells(
        self, values: Floats, starts: Counts, n_unique: Floats, seeds: NDArray[Any]
    ) -> tuple[Floats, Floats, Floats]:
        """Mean, lower and upper bound of many cells, each with a seed of its own; ``seed`` is not used.

        Args:
            values: the outcomes of all cells, cell after cell, each in time order.
            starts: (n_cells + 1,); first outcome of each cell.
            n_unique: (n_cells,); covered bars / horizon.
            seeds: (n_cells,) uint64.
        """
        n, tail = np.diff(starts), (1 - self.confidence) / 2
        with np.errstate(invalid="ignore"):  # an empty cell divides 0 by 0 and stays nan
            length = mean_block_lengths(n, n_unique)
            length = np.where(n >= 4 * length, length, np.nan)
            missed = (1 - 2 * length / n) * (1 - n / n_unique / (2 * length))
            stretch = t_quantile(1 - tail, n / length) / normal_quantile(1 - tail) / np.sqrt(missed)
        floats = np.ascontiguousarray(values, dtype=np.float64)
        found = means_and_deviations(floats, starts, length, seeds, self.n_resamples, tail, get_num_threads())
        mean, low, high = found.T
        return mean, np.minimum(mean + low * stretch, mean), np.maximum(mean + high * stretch, mean)

    def estimate(self, sample: Sample) -> Estimate:
        if not len(sample.values):
            return Estimate(np.nan, np.nan, np.nan)
        unique = ratio(sample.moments().covered, np.array([sample.horizon]))
        return self.of_values(sample.values, min(float(unique[0]), len(sample.values)))
