"""The Bayesian reading of a rate under Jeffreys' prior.

Put here: the estimator ``jeffreys``.
Keep out: the frequentist interval (wilson.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quant_core.estimators._base import Estimand, Estimate, Estimator, Floats, Sample
from quant_core.estimators._special import beta_quantile, log_beta
from quant_core.estimators.effective_sample_size import EffectiveSampleSize


@dataclass(frozen=True)
class Jeffreys(Estimator):
    """Posterior Beta(a, b) of a rate: a = p̂·n + ½, b = (1 − p̂)·n + ½.

    mean = a/(a + b).  MAP = the highest point of the density: (a − 1)/(a + b − 2) inside; 0 where a ≤ 1 < b; 1 where
    b ≤ 1 < a; the mean where both are ≤ 1 (n ≤ 1: the density is U-shaped or flat and has no single peak).
    HDI = the shortest interval of the given mass, found by root search on equal end densities, not on a grid; one-sided
    where the density falls or rises throughout; equal-tailed where it has no single peak.

    Attributes:
        confidence: posterior mass of the interval, fraction in (0, 1).

    Missing: nan where n is 0 or nan.
    Source: Jeffreys' prior for a binomial rate; checked against scipy's direct minimization of the width.
    Differs from: the source system, whose MAP falls back to the mean at the edges and whose HDI is a 2,000-point grid.

    Example: 8 of 10 gives Beta(8.5, 2.5), mean 8.5/11 and mode 7.5/9; 0 of 10 has its mode at 0.

    >>> j = Jeffreys()
    >>> j.mean([0.8], [10]).round(4).tolist(), j.mode([0.8, 0.0], [10, 10]).round(4).tolist()
    ([0.7727], [0.8333, 0.0])
    >>> [b.round(4).tolist() for b in j.interval([0.8, 0.0], [10, 10])]
    [[0.5381, 0.0], [0.9765, 0.1708]]
    """

    confidence: float = 0.95

    @property
    def estimand(self) -> Estimand:
        return "rate"

    def shape(self, p_hat: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
        """The posterior's a and b."""
        p = np.asarray(p_hat, dtype=np.float64)
        size = np.asarray(n, dtype=np.float64)
        size = np.where(size > 0, size, np.nan)
        return p * size + 0.5, (1 - p) * size + 0.5

    def mean(self, p_hat: ArrayLike, n: ArrayLike) -> Floats:
        """Posterior mean."""
        a, b = self.shape(p_hat, n)
        return a / (a + b)

    def mode(self, p_hat: ArrayLike, n: ArrayLike) -> Floats:
        """Maximum a posteriori rate, by the rule above."""
        a, b = self.shape(p_hat, n)
        inside = (a > 1) & (b > 1)
        peak = np.divide(a - 1, a + b - 2, out=np.full(a.shape, np.nan), where=inside)
        edge = np.where((a <= 1) & (b > 1), 0.0, np.where((b <= 1) & (a > 1), 1.0, a / (a + b)))
        return np.where(inside, peak, edge)

    def interval(self, p_hat: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
        """Highest-density bounds for many cells at once."""
        a, b = (np.atleast_1d(x) for x in self.shape(p_hat, n))
        tail = (1 - self.confidence) / 2
        low, high = beta_quantile(tail, a, b), beta_quantile(1 - tail, a, b)
        falls, rises = (a <= 1) & (b > 1), (b <= 1) & (a > 1)
        low = np.where(falls, 0.0, np.where(rises, beta_quantile(1 - self.confidence, a, b), low))
        high = np.where(falls, beta_quantile(self.confidence, a, b), np.where(rises, 1.0, high))
        inside = (a > 1) & (b > 1)
        low[inside], high[inside] = _equal_density(a[inside], b[inside], self.confidence)
        out_shape = np.broadcast(np.asarray(p_hat), np.asarray(n)).shape
        return low.reshape(out_shape), high.reshape(out_shape)

    def estimate(self, sample: Sample) -> Estimate:
        p = float(np.mean(sample.values)) if len(sample.values) else np.nan
        n = EffectiveSampleSize().estimate(sample).value
        low, high = self.interval(p, n)
        return Estimate(float(self.mode(p, n)), float(low), float(high))


def _equal_density(a: Floats, b: Floats, mass: float) -> tuple[Floats, Floats]:
    """The shortest interval of a unimodal Beta: Newton on the lower tail's mass, kept inside a bisection bracket.

    With l = quantile(u) and h = quantile(u + mass), log density at l minus at h rises in u from −∞ to +∞.
    """
    under, over = np.zeros_like(a), np.full_like(a, 1 - mass)
    u = over / 2
    low = high = u
    for _ in range(60):
        low, high = beta_quantile(u, a, b), beta_quantile(u + mass, a, b)
        gap = (a - 1) * (np.log(low) - np.log(high)) + (b - 1) * (np.log1p(-low) - np.log1p(-high))
        under, over = np.where(gap < 0, u, under), np.where(gap < 0, over, u)
        # d log f / du at a quantile is (log f)' / f; both ends in one expression.
        slope = _log_slope(low, a, b) / _density(low, a, b) - _log_slope(high, a, b) / _density(high, a, b)
        step = u - gap / slope
        new = np.where((step > under) & (step < over), step, (under + over) / 2)
        if np.all(np.abs(new - u) <= 1e-15 + 1e-13 * u):
            break
        u = new
    return low, high


def _log_slope(x: Floats, a: Floats, b: Floats) -> Floats:
    """Derivative of the log density of Beta(a, b)."""
    return (a - 1) / x - (b - 1) / (1 - x)


def _density(x: Floats, a: Floats, b: Floats) -> Floats:
    """The density of Beta(a, b)."""
    return np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - log_beta(a, b))
