"""How many independent observations a cell of overlapping, clustered outcomes is worth.

Put here: the estimator ``effective_sample_size``.
Keep out: intervals made of it (wilson.py, jeffreys.py) and block sums (_moments.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quant_core.estimators._base import Estimand, Estimate, Estimator, Floats, Sample
from quant_core.estimators._moments import BlockMoments, moments_of_sample, variance_of_mean


@dataclass(frozen=True)
class EffectiveSampleSize(Estimator):
    """n_eff = min(n, n_unique, n_cluster).

    n_unique = covered / h: bars inside at least one outcome window t+1 … t+h, divided by h; this equals the sum of
    the outcomes' average uniquenesses.
    n_cluster = s²/V: s² the variance of one outcome (p̂(1 − p̂) for 0/1), V the cluster-robust variance of the cell's
    own mean over time blocks, U_b = k_b − p̂·n_b.

    The baseline has no place in V here: the interval speaks of p̂ alone. With the all-bar term left in, p̂ = 0 would
    give V > 0 and n_eff = 0.

    Missing: nan for an empty cell; n_cluster is skipped where V = 0 or fewer than two blocks hold an event.
    Source: average uniqueness: López de Prado (2018), chapter 4; the minimum is ours, calibrated by simulation.

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

    def of_moments(self, m: BlockMoments, horizon: ArrayLike) -> Floats:
        """n_eff of many cells; ``horizon`` in bars, broadcast against them."""
        n = np.asarray(m.n, dtype=np.float64)
        unique = np.asarray(m.covered, dtype=np.float64) / np.asarray(horizon, dtype=np.float64)
        variance = variance_of_mean(m)
        usable = np.nan_to_num(variance) > 0
        cluster = np.divide(m.outcome_variance, variance, out=np.full(n.shape, np.inf), where=usable)
        return np.where(n > 0, np.minimum(np.minimum(n, unique), cluster), np.nan)

    def estimate(self, sample: Sample) -> Estimate:
        if not len(sample.values):
            return Estimate(np.nan, np.nan, np.nan)
        value = float(self.of_moments(moments_of_sample(sample), sample.horizon)[0])
        return Estimate(value, np.nan, np.nan)
