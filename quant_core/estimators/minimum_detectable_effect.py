"""The smallest difference from the baseline that a cell could have shown.

Put here: the estimator ``minimum_detectable_effect``.
Keep out: the test itself (cluster_robust_test.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quant_core.block import Fraction, Window
from quant_core.counting.block_moments import BlockMoments, Floats, variance_against_baseline
from quant_core.estimators._sample_moments import moments_of_sample
from quant_core.estimators.cluster_robust_test import ClusterRobustTest
from quant_core.estimators.contract import Estimand, Estimate, Estimator, Sample
from quant_core.special_functions import t_quantile


@dataclass(frozen=True)
class MinimumDetectableEffect(Estimator):
    """The |lift| that the test would find with the given power at the given level.

    mde = (t_{1 − level/2} + t_{power})·√V, quantiles of Student's t with the degrees of freedom of the cluster-robust
    test, V its variance.

    Attributes:
        level: two-sided size of one test; the engine passes the family's own level instead.
        power: probability of finding an effect of this size, fraction in (level, 1).
        min_blocks: as in ``cluster_robust_test``: without a test there is no detectable effect.

    Missing: nan where the test has no p-value.
    Source: the usual power formula with t quantiles; exact up to the shape of the non-central t.

    Example: with a hundred times the blocks, about a tenth of the effect can be seen; without a test, nothing.

    >>> few, many = ([1.0, 0.0, 0.0, 1.0, 1.0] * n for n in (256, 25_600))
    >>> def mde(y):
    ...     at = range(0, len(y), 3)
    ...     sample = Sample.of([y[i] for i in at], positions=list(at), all_values=y)
    ...     return MinimumDetectableEffect().estimate(sample).value
    >>> 9 < mde(few) / mde(many) < 12.5
    True
    >>> mde([1.0])
    nan
    """

    level: Fraction = 0.05
    power: Fraction = 0.8
    min_blocks: Window = 10

    @property
    def estimand(self) -> Estimand:
        return "none"

    def of_moments(self, m: BlockMoments, level: ArrayLike) -> Floats:
        """The effect of many cells; ``level`` is broadcast against them."""
        degrees = ClusterRobustTest(min_blocks=self.min_blocks).degrees(m)
        return self.of_variance(variance_against_baseline(m), degrees, level)

    def of_variance(self, variance: Floats, degrees: Floats, level: ArrayLike) -> Floats:
        """The same from the test's variance and its degrees of freedom, nan where there is no test."""
        usable = ~np.isnan(degrees) & (np.nan_to_num(variance) > 0)
        known = np.where(usable, degrees, 1.0)
        quantiles = t_quantile(1 - np.asarray(level, dtype=np.float64) / 2, known) + t_quantile(self.power, known)
        return np.where(usable, quantiles * np.sqrt(np.where(usable, variance, 0.0)), np.nan)

    def estimate(self, sample: Sample) -> Estimate:
        if not len(sample.values):
            return Estimate(np.nan, np.nan, np.nan)
        return Estimate(float(self.of_moments(moments_of_sample(sample), self.level)[0]), np.nan, np.nan)
