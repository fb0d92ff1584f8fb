"""Survival times in bars when some outcomes are still open: median and restricted mean.

Put here: the estimator ``kaplan_meier``.
Keep out: what a duration is (targets/time_to_*.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant_core.block import Fraction
from quant_core.counting.block_moments import Counts, Floats, ratio
from quant_core.estimators.contract import Estimand, Estimate, Estimator, Sample
from quant_core.estimators.effective_sample_size import EffectiveSampleSize
from quant_core.special_functions import normal_quantile


class Curve(NamedTuple):
    """Survival after bar 0, 1, … D of many cells, arrays (…, D + 1), with Greenwood's terms d/(r(r − d))."""

    survival: Floats
    greenwood: Floats
    at_risk: Counts


@dataclass(frozen=True)
class KaplanMeier(Estimator):
    """Product-limit survival S(t) = Π (1 − d_j/r_j) over durations j ≤ t; censored outcomes are at risk until they end.

    Median: the first t with S(t) ≤ ½; its interval holds the t whose log(−log S) band contains ½. Restricted mean:
    ∫ S from 0 to τ, with Greenwood's variance and normal bounds inside [0, τ]. Both variances are multiplied by
    n/n_eff, the design effect of the durations, because overlapping outcomes repeat each other.

    Attributes:
        confidence: coverage of both intervals, fraction in (0, 1).

    Missing: nan where the median (or its bound) is not reached; the restricted mean is nan where the curve ends, by
    censoring, before τ.
    Source: Kaplan & Meier (1958), Greenwood (1926), Brookmeyer & Crowley (1982) with the log(−log) transform.
    Checked against: statsmodels ``SurvfuncRight``. Differs from it: the median is the first S ≤ ½, not < ½; an
    interval bound beyond the data is nan; overlap inflates the variance.

    Example, by hand: ends at 1, 2 and an open one at 2: S = 1, 2/3, 1/3; mean over 2 bars = 1 + 2/3.

    >>> km = KaplanMeier()
    >>> c = km.curve([[0, 1, 1]], [[0, 0, 1]])
    >>> c.survival.round(4).tolist(), km.median(c, 1.0)[0].tolist(), km.restricted_mean(c, 2, 1.0)[0].round(4).tolist()
    ([[1.0, 0.6667, 0.3333]], [2.0], [1.6667])
    """

    confidence: Fraction = 0.95

    @property
    def estimand(self) -> Estimand:
        return "median_time"

    def curve(self, ended: ArrayLike, censored: ArrayLike) -> Curve:
        """Curves from counts per duration, arrays (…, D + 1): index j counts the outcomes of j bars."""
        d, c = np.asarray(ended), np.asarray(censored)
        leaving = d + c
        at_risk = np.cumsum(leaving[..., ::-1], axis=-1)[..., ::-1]
        step = 1 - np.nan_to_num(ratio(d, at_risk))
        term = np.nan_to_num(ratio(d, at_risk * (at_risk - d)))
        survival: Floats = np.cumprod(step, axis=-1, dtype=np.float64)
        return Curve(survival, term, at_risk)

    def median(self, curve: Curve, inflation: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Median with bounds; ``inflation`` = n/n_eff ≥ 1 per cell."""
        s = curve.survival
        variance = np.cumsum(curve.greenwood, axis=-1) * np.asarray(inflation, dtype=np.float64)[..., None]
        inside = (s > 0) & (s < 1)
        log_s = np.log(np.where(inside, s, 0.5))
        # The band of log(−log S): its error is √variance / |log S|.
        error = np.sqrt(variance) / np.abs(log_s)
        distance = np.where(s >= 1, -np.inf, np.where(s <= 0, np.inf, np.log(-log_s) - np.log(np.log(2.0))))
        z = normal_quantile(0.5 + self.confidence / 2)
        seen = curve.at_risk > 0
        first = _first(seen & (s <= 0.5))
        low = _first(seen & (distance >= -z * error))
        high = _first(seen & (distance > z * error))
        return first, np.fmin(low, first), np.where(np.isnan(first), np.nan, np.fmax(high, first) + 0 * high)

    def restricted_mean(self, curve: Curve, tau: int, inflation: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Mean of min(T, tau) with bounds."""
        s = curve.survival[..., :tau]
        mean = s.sum(axis=-1)
        # What is left of the integral from each duration on: Σ_{i ≥ j} S(i) for i < tau.
        rest = np.cumsum(s[..., ::-1], axis=-1)[..., ::-1]
        variance = (rest**2 * curve.greenwood[..., :tau]).sum(axis=-1) * np.asarray(inflation, dtype=np.float64)
        margin = normal_quantile(0.5 + self.confidence / 2) * np.sqrt(variance)
        complete = (curve.at_risk[..., tau] > 0) | (curve.survival[..., tau] == 0)
        known = complete & (curve.at_risk[..., 0] > 0)
        return tuple(
            np.where(known, x, np.nan) for x in (mean, np.maximum(mean - margin, 0), np.minimum(mean + margin, tau))
        )  # pyright: ignore[reportReturnType]

    def estimate(self, sample: Sample) -> Estimate:
        if not len(sample.values):
            return Estimate(np.nan, np.nan, np.nan)
        longest = int(sample.values.max())
        bars = sample.values.astype(np.int64)
        ended = np.bincount(bars[sample.observed], minlength=longest + 1)
        censored = np.bincount(bars[~sample.observed], minlength=longest + 1)
        inflation = max(len(bars) / EffectiveSampleSize().estimate(sample).value, 1.0)
        value, low, high = self.median(self.curve(ended, censored), inflation)
        return Estimate(float(value), float(low), float(high))


def _first(hit: Counts) -> Floats:
    """Index of the first True along the last axis; nan where there is none."""
    return np.where(hit.any(axis=-1), hit.argmax(axis=-1), np.nan)
