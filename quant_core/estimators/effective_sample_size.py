"""How many independent observations a cell of overlapping, clustered outcomes is worth.

Put here: the estimator ``effective_sample_size``.
Keep out: intervals made of it (wilson.py, jeffreys.py) and block sums (counting/block_moments.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant_core.counting.block_moments import BlockMoments, Floats, block_bars, design_effect, ratio
from quant_core.estimators.contract import Estimand, Estimate, Estimator, Sample

MIN_DEGREES = 4.0
"""Fewer degrees of freedom than this say too little about dependence; see ``EffectiveSampleSize``."""


@dataclass(frozen=True)
class EffectiveSampleSize(Estimator):
    """n_eff = min(n, n_cluster), or min(n, n_unique, n/deff) where the blocks say too little about dependence.

    n_cluster = n/deff · (d − 2)/d · (1 − h/(3B)·(1 − n_unique/n)): deff the design effect over time blocks of B bars,
    U_b = k_b − p̂·n_b, and d its degrees of freedom (``design_effect``). (d − 2)/d pays for estimating deff: Student's
    t with d degrees has the variance d/(d − 2). The last factor is what blocks miss: of the covariance of windows that
    overlap, the share h/(3B) lies across the edges of the blocks.
    n_unique = covered/h: bars inside at least one outcome window t+1 … t+h, divided by h; this equals the sum of
    the outcomes' average uniquenesses. It knows of overlap alone and takes every outcome to depend on its whole window.
    The minimum with it is used where d ≤ 4, and n_unique alone where all outcomes are equal.

    The baseline has no place here: the interval speaks of p̂ alone. With the all-bar term left in, p̂ = 0 would give
    n_eff = 0.

    Missing: nan for an empty cell.
    Source: design effect: Kish (1965); average uniqueness: López de Prado (2018), chapter 4; the rule is ours,
    calibrated by simulation (docs/calibration.md).
    Differs from: min(n, n_unique, s²/V), which is worth a fraction of the truth where outcomes are decided early in
    their windows (first touches: intervals covered over 99 %).

    Example, by hand: windows of 3 bars at bars 0 and 1 cover bars 1 … 4: 4 bars / 3. Apart they count fully.

    >>> EffectiveSampleSize().estimate(Sample.of([1, 0], positions=[0, 1], horizon=3)).value
    1.3333333333333333
    >>> EffectiveSampleSize().estimate(Sample.of([1, 0], positions=[0, 9], horizon=3)).value
    2.0
    >>> EffectiveSampleSize().estimate(Sample.of([])).value
    nan
    """

    @property
    def estimand(self) -> Estimand:
        return "none"

    def of_moments(self, m: BlockMoments, horizon: int, *, discount: bool = True) -> Floats:
        """n_eff of many cells; ``horizon`` in bars.

        Without ``discount``, n_cluster as it is estimated, neither discounted nor cut at n: for callers that use
        Student's t, which pays for its error in both directions.
        """
        n = np.asarray(m.n, dtype=np.float64)
        unique = np.minimum(n, np.asarray(m.covered, dtype=np.float64) / horizon)
        deff, degrees = design_effect(m)
        known = np.nan_to_num(deff) > 0
        many = known & (degrees > MIN_DEGREES)
        # 1 − 2/d: defined at d = ∞ too.
        paid = 1 - 2 / np.where(many, degrees, np.inf) if discount else 1.0
        most = n if discount else np.full(n.shape, np.inf)
        across = 1 - horizon / (3 * block_bars(horizon)) * (1 - np.nan_to_num(ratio(unique, n), nan=1.0))
        cluster = np.divide(n * paid * across, deff, out=np.full(n.shape, np.inf), where=known)
        return np.where(n > 0, np.minimum(np.where(many, most, unique), cluster), np.nan)

    def estimate(self, sample: Sample) -> Estimate:
        if not len(sample.values):
            return Estimate(np.nan, np.nan, np.nan)
        value = float(self.of_moments(sample.moments(), sample.horizon)[0])
        return Estimate(value, np.nan, np.nan)
