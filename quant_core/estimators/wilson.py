"""The Wilson score interval of a rate.

Put here: the estimator ``wilson``.
Keep out: how many independent observations there are (effective_sample_size.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quant_core.counting.block_moments import Floats
from quant_core.estimators.contract import Estimate, RateInterval, Sample
from quant_core.estimators.effective_sample_size import EffectiveSampleSize
from quant_core.special_functions import normal_quantile


@dataclass(frozen=True)
class Wilson(RateInterval):
    """The rates p that a score test at this confidence does not reject.

    centre = p̂ + z²/2n;  margin = z·√(p̂(1 − p̂)/n + z²/4n²);  (centre ± margin) / (1 + z²/n)

    Attributes:
        confidence: coverage of the interval, fraction in (0, 1).

    Missing: nan where n is 0 or nan; the source system's (0, 0, 0) claims certainty about nothing.
    Source: Wilson (1927). Checked against: Newcombe (1998) and statsmodels ``proportion_confint``.

    Example: the published 81 of 263, and 0 of 20, whose lower bound is exactly 0.

    >>> low, high = Wilson().interval([81 / 263, 0.0], [263, 20])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.2553, 0.0], [0.3662, 0.1611])
    """

    def interval(self, p_hat: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
        """Bounds for many cells at once; n may be fractional (an effective sample size)."""
        p = np.asarray(p_hat, dtype=np.float64)
        size = np.asarray(n, dtype=np.float64)
        size = np.where(size > 0, size, np.nan)
        z = normal_quantile(0.5 + self.confidence / 2)
        centre = p + z**2 / (2 * size)
        margin = z * np.sqrt(p * (1 - p) / size + z**2 / (4 * size**2))
        scale = 1 + z**2 / size
        # Rounding must not push a bound past the estimate: at p̂ = 0 and 1 the bound is p̂ itself.
        return np.minimum(np.maximum((centre - margin) / scale, 0.0), p), np.maximum(
            np.minimum((centre + margin) / scale, 1.0), p
        )

    def estimate(self, sample: Sample) -> Estimate:
        p = float(np.mean(sample.values)) if len(sample.values) else np.nan
        low, high = self.interval(p, EffectiveSampleSize().estimate(sample).value)
        return Estimate(p, float(low), float(high))
