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
    independent_variance,
    ratio,
    variance_against_baseline,
)
from quant_core.estimators.contract import BaselineTest, Estimate, Sample
from quant_core.estimators.effective_sample_size import EffectiveSampleSize
from quant_core.special_functions import binomial_two_sided, t_two_sided


@dataclass(frozen=True)
class ClusterRobustTest(BaselineTest):
    """p-value of mean − baseline with a variance clustered over time blocks, and an exact guard for rates.

    The split is cut into blocks of B bars, B the smallest multiple of 64 that is ≥ max(64, 4h). t = (y − p0)/√V with
    G* − 1 degrees of freedom: V of ``variance_against_baseline``, G* of ``effective_blocks``; a cell that lives in a
    few blocks has few. Numbers take the place of 0/1 outcomes without change.

    A rate's p-value is the larger of this and of the exact binomial one (``exact_p_value``): near 0 and 1 the sandwich
    is too small, since cells without a failure also show no variance (alone it rejects up to 9.5 % of true nulls at
    5 %, iid, 40 outcomes at rate 0.1).

    Attributes:
        min_blocks: fewer blocks with an event than this give no p-value.

    Missing: nan where fewer than min_blocks blocks hold an event, where G* ≤ 2, and where the cell is the baseline:
    nothing to test. Where outcomes are all the same on either side, V = 0 and the exact test stands alone; numbers
    without any variance have none.
    Source: cluster-robust (sandwich) variance; degrees of freedom: Satterthwaite (1946); exact test: Clopper & Pearson
    (1934); block length, minimum and the combination are ours, calibrated by simulation (docs/calibration.md).

    Example: a cell that is the whole split has nothing to test; one with an event in a single block neither. Eleven
    blocks of certain rises among fair outcomes are found at once.

    >>> y = [0.0, 1.0] * 640
    >>> ClusterRobustTest().estimate(Sample.of(y)).value
    nan
    >>> ClusterRobustTest().estimate(Sample.of([1.0], positions=[3], all_values=y)).value
    nan
    >>> at = list(range(0, 1280, 3))
    >>> round(ClusterRobustTest().estimate(Sample.of([y[i] for i in at], positions=at, all_values=y)).value, 6)
    0.984224
    >>> up = list(range(1, 700, 32))
    >>> ClusterRobustTest().estimate(Sample.of([1.0] * len(up), positions=up, all_values=y)).value < 1e-5
    True
    """

    def p_value(self, m: BlockMoments, n_eff: Floats | None = None) -> Floats:
        """Two-sided p-values of many cells at once; exact guard where ``n_eff`` is given."""
        variance = np.nan_to_num(variance_against_baseline(m))
        degrees = self.degrees(m)
        lift = np.nan_to_num(m.mean) - np.nan_to_num(m.baseline)
        testable = ~np.isnan(degrees) & (np.asarray(m.n) < np.asarray(m.all_n))
        varies = testable & (variance > 0)
        t = np.where(varies, lift / np.sqrt(np.where(varies, variance, 1.0)), 0.0)
        p = np.where(varies, t_two_sided(t, np.where(varies, degrees, 1.0)), np.nan)
        if n_eff is None:
            return p
        certain = testable & (variance == 0) & (lift != 0)
        guard = exact_p_value(m, n_eff)
        return np.where(varies, np.maximum(p, guard), np.where(certain, guard, np.nan))

    def degrees(self, m: BlockMoments) -> Floats:
        """Degrees of freedom G* − 1; nan where there is no test for want of blocks."""
        blocks = np.nan_to_num(effective_blocks(m))
        return np.where((m.blocks >= self.min_blocks) & (blocks > 2), blocks - 1, np.nan)

    def estimate(self, sample: Sample) -> Estimate:
        if not len(sample.values):
            return Estimate(np.nan, np.nan, np.nan)
        m = sample.moments()
        rate = bool(np.isin(sample.all_values, (0.0, 1.0)).all())
        n_eff = EffectiveSampleSize().of_moments(m, sample.horizon) if rate else None
        return Estimate(float(self.p_value(m, n_eff)[0]), np.nan, np.nan)


def inflation_of_difference(m: BlockMoments, n_eff: Floats) -> Floats:
    """How many times larger dependence makes the variance of rate − baseline: V over ``independent_variance``.

    n/n_eff where the cell's outcomes are all the same: then V speaks of the bars outside alone.

    Missing: nan where n = 0 or V is unknown.
    """
    outside = np.nan_to_num(m.mean_outside)
    inside = np.nan_to_num(m.outcome_variance)
    alone = independent_variance(m.n, np.nan_to_num(ratio(m.n, m.all_n)), inside, outside * (1 - outside))
    return np.where(inside > 0, ratio(variance_against_baseline(m), alone), ratio(m.n, n_eff))


def exact_p_value(m: BlockMoments, n_eff: Floats) -> Floats:
    """Twice the binomial tail of the cell's rate under the baseline, on as many trials as the difference is worth.

    Trials: min(n, n/inflation)/(1 − f) (``inflation_of_difference``), f the cell's share of all bars. Where outcomes
    are independent, rate − baseline has the variance p(1 − p)(1 − f)/n, that of n/(1 − f) trials against a known rate.

    Missing: nan where n = 0 or the cell is the baseline.

    Example, by hand: 20 certain outcomes in 20 blocks, beside each a bar that fell: f = ½, so 40 trials against ½.

    >>> from quant_core.counting.block_moments import moments_of_blocks
    >>> one = np.ones((20, 1), dtype=np.int64)
    >>> m = moments_of_blocks(one, one, np.full(20, 2), one[:, 0], covered=np.array([20]), squares=np.array([20]))
    >>> float(exact_p_value(m, np.array([20.0]))[0]) == 2 * 0.5**40
    True
    """
    n = np.asarray(m.n, dtype=np.float64)
    share = np.nan_to_num(ratio(m.n, m.all_n))
    size = n / np.maximum(inflation_of_difference(m, n_eff), 1.0)
    trials = ratio(size, 1 - share)
    usable = trials > 0
    trials = np.where(usable, trials, 1.0)
    p = binomial_two_sided(np.nan_to_num(m.mean) * trials, trials, np.nan_to_num(m.baseline))
    return np.where(usable, p, np.nan)
