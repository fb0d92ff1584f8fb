"""The false-discovery-rate correction that spends more on the tests that could find something.

Put here: the method ``weighted_benjamini_hochberg`` and its weights.
Keep out: which tests form a family, and what is known about each before its outcome (market_stats/).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant_core.block import Positive
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg as _BenjaminiHochberg

_FEWEST_WEIGHTED = 2
_HALVINGS = 80


@dataclass(frozen=True)
class WeightedBenjaminiHochberg(_BenjaminiHochberg):
    """Benjamini-Hochberg on p/w, with weights w of mean 1 from the number of independent observations behind each test.

    w_i = ½ + ½·(m/rate)·P(|Z| > t_i/2 + c/t_i),  t_i = effect·√n_i; c makes the mean 1. The second half maximizes the
    expected number of discoveries at rate/m if every test had the same effect: little of it goes to tests that are
    hopeless, and to tests that cannot miss. The first half is shared equally, for effects of other sizes.

    Attributes:
        rate: expected share of false discoveries, fraction in (0, 1).
        effect: the effect that weights are made for, in standard deviations of one outcome; 0.2: a lift of 0.1 over ½.

    The covariate is the effective number of observations, higher where a test can see more. Without one, and for tests
    whose covariate is nan, weights are equal.
    Missing: nan p-values are outside the family: they get nan, no weight and do not count in m.
    Source: Genovese, Roeder & Wasserman (2006); weights of Roeder & Wasserman (2009), two-sided.

    Example: equal covariates are plain Benjamini-Hochberg; a test that sees nothing gives its share to one that does.

    >>> method = WeightedBenjaminiHochberg()
    >>> method.adjust([0.01, 0.02, 0.03, 0.04], [50, 50, 50, 50]).round(9).tolist()
    [0.04, 0.04, 0.04, 0.04]
    >>> method.weights(np.array([400.0, 50.0, 1.0])).round(2).tolist()
    [0.89, 1.61, 0.5]
    """

    effect: Positive = 0.2

    def adjust(self, p_values: ArrayLike, covariate: ArrayLike | None = None) -> NDArray[np.float64]:
        """The q-value of every test, in the order given."""
        p = np.asarray(p_values, dtype=np.float64)
        tested = ~np.isnan(p)
        if covariate is None or tested.sum() < _FEWEST_WEIGHTED:
            return super().adjust(p)
        weighted = np.full(p.shape, np.nan)
        weights = self.weights(np.asarray(covariate, dtype=np.float64)[tested])
        weighted[tested] = np.minimum(p[tested] / weights, 1.0)
        return super().adjust(weighted)

    def first_steps(self, covariate: ArrayLike) -> NDArray[np.float64]:
        """The weight of each test times rate/m."""
        equal = super().first_steps(covariate)
        known = np.asarray(covariate, dtype=np.float64)
        return equal * self.weights(known) if len(equal) >= _FEWEST_WEIGHTED else equal

    def weights(self, n_effective: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m,) weights ≥ ½ of mean 1; nan and numbers that are not positive count as the median of the others."""
        from scipy.special import ndtr  # noqa: PLC0415  scipy takes a quarter of a second to load

        known = np.isfinite(n_effective) & (n_effective > 0)
        if not known.any():
            return np.ones(len(n_effective))
        seen = self.effect * np.sqrt(np.where(known, n_effective, np.median(n_effective[known])))

        def spent(c: float) -> NDArray[np.float64]:
            return np.asarray(ndtr(-(seen / 2 + c / seen)), dtype=np.float64) * 2 * len(seen) / self.rate

        # What is spent falls in c: everything at −far, nothing at far.
        low, high = -40.0 * (1.0 + float(seen.max()) ** 2), 40.0 * (1.0 + float(seen.max()) ** 2)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if spent(middle).mean() > 1.0 else (low, middle)
        found = spent(low)
        return 0.5 + 0.5 * found / found.mean()

    def errs_in_null_world(self, rng: np.random.Generator) -> bool:
        """Claim something among 200 uniform p-values with covariates that know nothing of them?"""
        return bool(np.any(self.adjust(rng.uniform(size=200), rng.lognormal(4, 1.5, 200)) <= self.rate))
