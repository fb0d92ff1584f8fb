"""The Bayesian reading of a rate under Jeffreys' prior.

Put here: the estimator ``jeffreys``.
Keep out: the frequentist interval (wilson.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quant_core.counting.block_moments import Floats
from quant_core.estimators.contract import Estimate, RatePosterior, Sample
from quant_core.estimators.effective_sample_size import EffectiveSampleSize
from quant_core.special_functions import beta_quantile, log_beta, normal_cdf, normal_quantile


@dataclass(frozen=True)
class Jeffreys(RatePosterior):
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
        falls, rises, inside = (a <= 1) & (b > 1), (b <= 1) & (a > 1), (a > 1) & (b > 1)
        low, high = np.where(falls, 0.0, np.nan), np.where(rises, 1.0, np.nan)
        high[falls] = beta_quantile(self.confidence, a[falls], b[falls])
        low[rises] = beta_quantile(1 - self.confidence, a[rises], b[rises])
        other = ~(falls | rises | inside)
        low[other], high[other] = (beta_quantile(p, a[other], b[other]) for p in (tail, 1 - tail))
        low[inside], high[inside] = _equal_density(a[inside], b[inside], self.confidence)
        out_shape = np.broadcast(np.asarray(p_hat), np.asarray(n)).shape
        return low.reshape(out_shape), high.reshape(out_shape)

    def estimate(self, sample: Sample) -> Estimate:
        p = float(np.mean(sample.values)) if len(sample.values) else np.nan
        n = EffectiveSampleSize().estimate(sample).value
        low, high = self.interval(p, n)
        return Estimate(float(self.mode(p, n)), float(low), float(high))


_NEAR = 1e-6
"""A step this small, relative to the smaller tail, is the last one."""


def _equal_density(a: Floats, b: Floats, mass: float) -> tuple[Floats, Floats]:
    """The shortest interval of a unimodal Beta: Newton on the lower tail's mass, kept inside a bisection bracket.

    With l = quantile(u) and h = quantile(u + mass), log density at l minus at h rises in u from −∞ to +∞. The search
    starts where a Cornish-Fisher expansion has equal densities: at Φ(−z − skewness/3).
    """
    under, over = np.zeros_like(a), np.full_like(a, 1 - mass)
    skewness = 2 * (b - a) * np.sqrt(a + b + 1) / ((a + b + 2) * np.sqrt(a * b))
    start = normal_cdf(-normal_quantile((1 + mass) / 2) - skewness / 3)
    u = np.clip(start, 1e-6 * over, (1 - 1e-6) * over)
    low, high = np.empty_like(a), np.empty_like(a)
    open_ = np.arange(len(a))
    for _ in range(80):
        x, y, at = a[open_], b[open_], u[open_]
        low[open_], high[open_] = beta_quantile(at, x, y), beta_quantile(at + mass, x, y)
        gap, per_low, per_high, slope = _density_gap(at, low[open_], high[open_], x, y, mass)
        under[open_], over[open_] = np.where(gap < 0, at, under[open_]), np.where(gap < 0, over[open_], at)
        step = at - gap / slope
        inside = (step > under[open_]) & (step < over[open_])
        u[open_] = np.where(inside, step, (under[open_] + over[open_]) / 2)
        # The last small step moves the ends along their tangents; what that leaves out is its square.
        change = step - at
        near = np.abs(change) <= _NEAR * np.minimum(at, (1 - mass) - at)
        low[open_[near]] += (change * per_low)[near]
        high[open_[near]] += (change * per_high)[near]
        open_ = open_[~near & (over[open_] - under[open_] > 1e-15)]
        if not len(open_):
            break
    return low, high


def _density_gap(u: Floats, low: Floats, high: Floats, a: Floats, b: Floats, mass: float) -> tuple[Floats, ...]:
    """Log density at quantile(u) minus at quantile(u + mass); derivatives in u of both quantiles and of the gap."""
    f_low, slope_low = _log_density(low, _from_one(low, 1 - u, a, b), a, b)
    f_high, slope_high = _log_density(high, _from_one(high, (1 - mass) - u, a, b), a, b)
    # d log f / du at a quantile is (log f)' / f, at both ends.
    per_low, per_high = np.exp(-f_low), np.exp(-f_high)
    return f_low - f_high, per_low, per_high, slope_low * per_low - slope_high * per_high


def _from_one(x: Floats, tail: Floats, a: Floats, b: Floats) -> Floats:
    """1 − x for the quantile x with upper tail ``tail``; near 1 from the mirrored distribution, lest it rounds to 0."""
    near = x > 0.999
    left = 1 - x
    left[near] = beta_quantile(tail[near], b[near], a[near])
    return left


def _log_density(x: Floats, from_one: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Log density of Beta(a, b) and its derivative at x = 1 − from_one, for a, b > 1."""
    left, right = np.maximum(x, 1e-150), np.maximum(from_one, 1e-150)
    log_f = (a - 1) * np.log(left) + (b - 1) * np.log(right) - log_beta(a, b)
    return np.maximum(log_f, -300.0), (a - 1) / left - (b - 1) / right
