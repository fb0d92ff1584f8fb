"""All families as one.

Put here: the method ``pooled_families``.
Keep out: what a family is (market_stats/).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant_core.inference.benjamini_hochberg import BenjaminiHochberg
from quant_core.inference.contract import UniverseCorrection


@dataclass(frozen=True)
class PooledFamilies(UniverseCorrection):
    """Benjamini-Hochberg over the tests of all families together.

    Controls the share of false discoveries over the universe, whoever they belong to: it says nothing about the
    discoveries of one family.

    Attributes:
        rate: expected share of false discoveries over the universe, fraction in (0, 1).

    Missing: nan p-values are outside: they get nan and do not count.
    Source: Benjamini & Hochberg (1995); families pooled as Efron (2008) discusses.

    >>> PooledFamilies().adjust([0.01, 0.02, 0.03, 0.04], [0, 0, 1, 1]).round(9).tolist()
    [0.04, 0.04, 0.04, 0.04]
    """

    def adjust(self, p_values: ArrayLike, families: ArrayLike) -> NDArray[np.float64]:
        """The q-value of every test over the universe, in the order given."""
        return BenjaminiHochberg(rate=self.rate).adjust(p_values)
