"""First the families in which something is, then what is in them.

Put here: the method ``selected_families``.
Keep out: what a family is (market_stats/).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant_core.inference.benjamini_hochberg import BenjaminiHochberg
from quant_core.inference.contract import UniverseCorrection


@dataclass(frozen=True)
class SelectedFamilies(UniverseCorrection):
    """Benjamini-Hochberg over the families' Simes p-values; then inside each selected one at rate·R/m of m families.

    A family's Simes p-value is the smallest q inside it. The q-value is the smallest rate at which the test is found:
    the least max(Q_(r), q·m/r) under Q_(r+1), with Q the sorted q-values of the families and q that inside the family.

    Attributes:
        rate: expected share of false discoveries in the average selected family, fraction in (0, 1).

    Missing: nan p-values are outside: they get nan and do not count; a family of them alone is none.
    Source: Benjamini & Bogomolov (2014); Simes (1986).

    Example, by hand: of two families one is selected (Simes 0.002, Q = 0.004), so inside it q counts twice.

    >>> SelectedFamilies().adjust([0.001, 0.03, 0.5, 0.9], [0, 0, 1, 1]).round(9).tolist()
    [0.004, 0.06, 0.9, 0.9]
    """

    def adjust(self, p_values: ArrayLike, families: ArrayLike) -> NDArray[np.float64]:
        """The q-value of every test over the universe, in the order given."""
        p = np.asarray(p_values, dtype=np.float64)
        q, tested = np.full(p.shape, np.nan), ~np.isnan(p)
        names, member = np.unique(np.asarray(families)[tested], return_inverse=True)
        if not len(names):
            return q
        method, own = BenjaminiHochberg(rate=self.rate), np.empty(int(tested.sum()))
        simes = np.empty(len(names))
        for i in range(len(names)):
            own[member == i] = method.adjust(p[tested][member == i])
            simes[i] = own[member == i].min()
        selected_at = method.adjust(simes)
        q[tested] = _least_rate(own, selected_at[member], np.sort(selected_at))
        return q


def _least_rate(
    own: NDArray[np.float64], family: NDArray[np.float64], steps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The smallest rate at which each test is found.

    Args:
        own: (n,) q inside the family.
        family: (n,) q of the family.
        steps: (m,) q of all families, ascending: at a rate a the number selected is #{steps ≤ a}.
    """
    m = len(steps)
    found = np.full(own.shape, np.inf)
    for r in range(1, m + 1):
        ahead = steps[r] if r < m else np.inf
        rate = np.maximum(np.maximum(steps[r - 1], family), own * m / r)
        found = np.where(rate < ahead, np.minimum(found, rate), found)
    return np.minimum(found, 1.0)
