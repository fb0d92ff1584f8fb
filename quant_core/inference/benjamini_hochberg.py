"""The false-discovery-rate correction of a family of tests.

Put here: the method ``benjamini_hochberg``.
Keep out: which tests form a family (market_stats/).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant_core.inference.contract import Correction


@dataclass(frozen=True)
class BenjaminiHochberg(Correction):
    """Step-up control of the expected share of false discoveries.

    q_(i) = min over j ≥ i of p_(j)·m/j, at most 1; a discovery has q ≤ rate.

    Attributes:
        rate: expected share of false discoveries, fraction in (0, 1).

    Missing: nan p-values are outside the family: they get nan and do not count in m. A covariate is ignored.
    Source: Benjamini & Hochberg (1995), computed by SciPy. Checked against: their 15 p-values, statsmodels
    ``multipletests``.

    Example: four tests on a line all have q = 0.04; a test outside the family changes nothing.

    >>> BenjaminiHochberg().adjust([0.01, 0.02, 0.03, 0.04]).round(9).tolist()
    [0.04, 0.04, 0.04, 0.04]
    >>> BenjaminiHochberg().adjust([0.2, np.nan, 0.005, 0.04]).round(9).tolist()
    [0.2, nan, 0.015, 0.06]
    >>> BenjaminiHochberg().first_step(10)
    0.005
    """

    def adjust(self, p_values: ArrayLike, covariate: ArrayLike | None = None) -> NDArray[np.float64]:
        """The q-value of every test, in the order given."""
        from scipy.stats import false_discovery_control  # noqa: PLC0415  scipy.stats takes half a second to load

        p = np.asarray(p_values, dtype=np.float64)
        q, tested = np.full(p.shape, np.nan), ~np.isnan(p)
        if tested.any():
            q[tested] = false_discovery_control(p[tested], method="bh")
        return q

    def first_step(self, n_tests: int) -> float:
        """rate/n_tests."""
        return self.rate / n_tests

    def errs_in_null_world(self, rng: np.random.Generator) -> bool:
        """Claim something among 200 uniform p-values?"""
        return bool(np.any(self.adjust(rng.uniform(size=200)) <= self.rate))
