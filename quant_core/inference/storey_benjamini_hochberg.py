"""The false-discovery-rate correction for the share of tests that look null.

Put here: the method ``storey_benjamini_hochberg``.
Keep out: which tests form a family (market_stats/).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant_core.block import Fraction
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg as _BenjaminiHochberg


@dataclass(frozen=True)
class StoreyBenjaminiHochberg(_BenjaminiHochberg):
    """Benjamini-Hochberg with m replaced by an estimate of the number of true nulls, from the p-values above ``cut``.

    share = min(1, (1 + #{p > cut})/(m·(1 − cut)));  q = share·q_BH for p ≤ cut, 1 above.

    Attributes:
        rate: expected share of false discoveries, fraction in (0, 1).
        cut: p-values above it are taken for nulls, fraction.

    Missing: nan p-values are outside the family: they get nan and do not count in m. A covariate is ignored.
    The promise needs independent tests: where tests depend on each other the estimate is loose.
    Source: Storey, Taylor & Siegmund (2004).

    Example, by hand: one of four is above ½, so (1 + 1)/(4·½) = 1; with none above it ½.

    >>> StoreyBenjaminiHochberg().adjust([0.01, 0.02, 0.03, 0.9]).round(9).tolist()
    [0.04, 0.04, 0.04, 1.0]
    >>> StoreyBenjaminiHochberg().adjust([0.01, 0.02, 0.03, 0.04]).round(9).tolist()
    [0.02, 0.02, 0.02, 0.02]
    """

    cut: Fraction = 0.5

    def adjust(self, p_values: ArrayLike, covariate: ArrayLike | None = None) -> NDArray[np.float64]:
        """The q-value of every test, in the order given."""
        p = np.asarray(p_values, dtype=np.float64)
        q, m = super().adjust(p, covariate), int(np.sum(~np.isnan(p)))
        share = min(1.0, (1.0 + np.sum(p > self.cut)) / (max(m, 1) * (1.0 - self.cut)))
        return np.where(p > self.cut, 1.0, share * q)
