"""The false-discovery-rate correction that counts first and corrects then.

Put here: the method ``two_stage_benjamini_hochberg``.
Keep out: which tests form a family (market_stats/).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant_core.inference.benjamini_hochberg import BenjaminiHochberg as _BenjaminiHochberg


@dataclass(frozen=True)
class TwoStageBenjaminiHochberg(_BenjaminiHochberg):
    """Benjamini-Hochberg at rate/(1 + rate), then again with the tests it left as the number of true nulls.

    q = (1 + rate)·(m − R)/m·q_BH with R discoveries of the first stage; all are discoveries where R = m.

    Attributes:
        rate: expected share of false discoveries, fraction in (0, 1).

    Missing: nan p-values are outside the family: they get nan and do not count in m. A covariate is ignored.
    Source: Benjamini, Krieger & Yekutieli (2006), definition 6. Checked against: statsmodels ``fdr_tsbky``.

    Example, by hand: at 0.05/1.05 all of two small p-values are found, none of two large ones.

    >>> TwoStageBenjaminiHochberg().adjust([0.01, 0.02]).tolist()
    [0.0, 0.0]
    >>> TwoStageBenjaminiHochberg().adjust([0.5, 0.8]).round(3).tolist()
    [0.84, 0.84]
    """

    def adjust(self, p_values: ArrayLike, covariate: ArrayLike | None = None) -> NDArray[np.float64]:
        """The q-value of every test, in the order given."""
        q = super().adjust(p_values, covariate)
        m = max(int(np.sum(~np.isnan(q))), 1)
        found = int(np.sum(q <= self.rate / (1.0 + self.rate)))
        return np.minimum(q * (1.0 + self.rate) * (m - found) / m, 1.0)

    def first_step(self, n_tests: int) -> float:
        """The first stage's: rate/(1 + rate)/n_tests."""
        return self.rate / (1.0 + self.rate) / n_tests
