"""The two-sided test of a cell against its baseline, honest about overlap and clustering in time.

Put here: the estimator ``cluster_robust_test``.
Keep out: the correction for many tests (inference/benjamini_hochberg.py) and block sums (counting/block_moments.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant_core.counting.block_moments import (
    BlockMoments,
    Floats,
    effective_blocks,
    variance_against_baseline,
)
from quant_core.estimators._sample_moments import moments_of_sample
from quant_core.estimators.contract import BaselineTest, Estimate, Sample
from quant_core.special_functions import t_two_sided


@dataclass(frozen=True)
class ClusterRobustTest(BaselineTest):
    """p-value of mean − baseline with a variance clustered over time blocks.

    The split is cut into blocks of B bars, B the smallest multiple of 64 that is ≥ max(64, 4h).
    U_b = (k_b − p0·n_b) − (n/N)(K_b − p0·N_b) over all blocks;  V = ΣU_b²·G*/(G* − 1)/n²;  t = (p̂ − p0)/√V with G* − 1
    degrees of freedom, G* the effective number of blocks (``effective_blocks``): a cell that lives in a few blocks has
    few. Numbers take the place of 0/1 outcomes without change.

    Attributes:
        min_blocks: fewer blocks with an event than this give no p-value.

    Missing: nan where fewer than min_blocks blocks hold an event, where G* ≤ 2, and where V = 0 (the cell is the
    baseline: nothing to test).
    Source: cluster-robust (sandwich) variance; degrees of freedom: Satterthwaite (1946); block length and minimum are
    ours, calibrated by simulation (docs/calibration.md).

    Example: a cell that is the whole split has nothing to test; one with an event in a single block neither.

    >>> y = [0.0, 1.0] * 640
    >>> ClusterRobustTest().estimate(Sample.of(y)).value
    nan
    >>> ClusterRobustTest().estimate(Sample.of([1.0], positions=[3], all_values=y)).value
    nan
    >>> at = list(range(0, 1280, 3))
    >>> round(ClusterRobustTest().estimate(Sample.of([y[i] for i in at], positions=at, all_values=y)).value, 6)
    0.789824
    """

    def p_value(self, m: BlockMoments) -> Floats:
        """Two-sided p-values of many cells at once."""
        variance = variance_against_baseline(m)
        degrees = self.degrees(m)
        usable = ~np.isnan(degrees) & (np.nan_to_num(variance) > 0)
        error = np.sqrt(np.where(usable, variance, 1.0))
        t = np.where(usable, (np.nan_to_num(m.mean) - np.nan_to_num(m.baseline)) / error, 0.0)
        return np.where(usable, t_two_sided(t, np.where(usable, degrees, 1.0)), np.nan)

    def degrees(self, m: BlockMoments) -> Floats:
        """Degrees of freedom G* − 1; nan where there is no test for want of blocks."""
        blocks = np.nan_to_num(effective_blocks(m))
        return np.where((m.blocks >= self.min_blocks) & (blocks > 2), blocks - 1, np.nan)

    def estimate(self, sample: Sample) -> Estimate:
        if not len(sample.values):
            return Estimate(np.nan, np.nan, np.nan)
        return Estimate(float(self.p_value(moments_of_sample(sample))[0]), np.nan, np.nan)
