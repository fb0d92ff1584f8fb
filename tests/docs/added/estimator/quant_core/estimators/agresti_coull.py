"""The Agresti–Coull interval of a rate.

Put here: the estimator ``agresti_coull``.
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
class AgrestiCoull(RateInterval):
    """The normal interval around the rate with z²/2 successes and as many failures added.

    ñ = n + z²;  p̃ = (p̂n + z²/2)/ñ;  p̃ ± z·√(p̃(1 − p̃)/ñ), cut to [0, 1]

    Missing: nan where n is 0 or nan.
    Source: Agresti & Coull (1998). Checked against: statsmodels ``proportion_confint``.

    Example: 5 of 10; with z = 1.96 the interval is that of 7 of 14, nearly.

    >>> low, high = AgrestiCoull().interval([0.5], [10])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.2366], [0.7634])
    """

    def interval(self, p_hat: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
        """Bounds for many cells at once; n may be fractional (an effective sample size)."""
        p, size = np.asarray(p_hat, dtype=np.float64), np.asarray(n, dtype=np.float64)
        size = np.where(size > 0, size, np.nan)
        z = normal_quantile(0.5 + self.confidence / 2)
        total = size + z**2
        center = (p * size + z**2 / 2) / total
        margin = z * np.sqrt(center * (1 - center) / total)
        return np.minimum(np.maximum(center - margin, 0.0), p), np.maximum(np.minimum(center + margin, 1.0), p)

    def estimate(self, sample: Sample) -> Estimate:
        p = float(np.mean(sample.values)) if len(sample.values) else np.nan
        low, high = self.interval(p, EffectiveSampleSize().estimate(sample).value)
        return Estimate(p, float(low), float(high))
