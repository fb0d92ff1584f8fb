"""The family-wise correction of a family of tests.

Put here: the method ``bonferroni``.
Keep out: which tests form a family (market_stats/).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant_core.inference.contract import Correction


@dataclass(frozen=True)
class Bonferroni(Correction):
    """Control of the probability of any false discovery: q = p·m, at most 1.

    Missing: nan p-values are outside the family: they get nan and do not count in m.
    Source: Dunn (1961).

    Example: two tests, and one outside the family.

    >>> Bonferroni().adjust([0.01, np.nan, 0.6]).tolist()
    [0.02, nan, 1.0]
    """

    def adjust(self, p_values: ArrayLike, covariate: ArrayLike | None = None) -> NDArray[np.float64]:
        """The q-value of every test, in the order given."""
        p = np.asarray(p_values, dtype=np.float64)
        return np.minimum(p * int(np.sum(~np.isnan(p))), 1.0)

    def first_step(self, n_tests: int) -> float:
        """rate/n_tests, at the first step and every other."""
        return self.rate / n_tests

    def errs_in_null_world(self, rng: np.random.Generator) -> bool:
        """Claim something among 200 uniform p-values?"""
        return bool(np.any(self.adjust(rng.uniform(size=200)) <= self.rate))
