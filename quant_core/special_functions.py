"""The special functions of scipy that the estimators use, with types.

Put here: typed one-line doors to scipy.special.
Keep out: formulas (the estimators' own files).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false
from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]


def normal_quantile(p: float) -> float:
    """The quantile of the standard normal distribution.

    >>> round(normal_quantile(0.975), 12)
    1.95996398454
    """
    return float(special.ndtri(p))


def normal_quantiles(p: ArrayLike) -> Floats:
    """The same for many probabilities; ±inf at 0 and 1.

    >>> normal_quantiles([0.5, 1.0]).tolist()
    [0.0, inf]
    """
    return cast(Floats, special.ndtri(np.asarray(p, dtype=np.float64)))


def normal_cdf(z: ArrayLike) -> Floats:
    """The distribution function of the standard normal distribution.

    >>> float(normal_cdf(0.0))
    0.5
    """
    return cast(Floats, special.ndtr(z))


def t_two_sided(t: ArrayLike, degrees: ArrayLike) -> Floats:
    """P(|T| ≥ |t|) of Student's t.

    >>> round(float(t_two_sided(2.228138852, 10.0)), 9)
    0.05
    """
    return cast(Floats, 2.0 * special.stdtr(degrees, -np.abs(np.asarray(t, dtype=np.float64))))


def t_quantile(p: ArrayLike, degrees: ArrayLike) -> Floats:
    """The quantile of Student's t.

    >>> round(float(t_quantile(0.975, 10.0)), 9)
    2.228138852
    """
    return cast(Floats, special.stdtrit(degrees, p))


def binomial_two_sided(successes: ArrayLike, n: ArrayLike, rate: ArrayLike) -> Floats:
    """Twice the smaller tail, at most 1, of Binomial(n, rate) at ``successes``; both counts may be fractional.

    The tails are incomplete beta functions, P(X ≥ k) = I_rate(k, n − k + 1), which continue the sums between whole
    numbers.

    >>> [float(x) for x in binomial_two_sided([10, 0, 5], [10, 10, 10], 0.5)]
    [0.001953125, 0.001953125, 1.0]
    """
    k, trials, p = (np.asarray(x, dtype=np.float64) for x in (successes, n, rate))
    none, every = k <= 0, k >= trials
    # Where a tail is the whole distribution the function has no value: 1 by definition.
    upper = np.where(none, 1.0, special.betainc(np.where(none, 1.0, k), np.maximum(trials - k, 0) + 1, p))
    lower = np.where(every, 1.0, special.betaincc(np.maximum(k, 0) + 1, np.where(every, 1.0, trials - k), p))
    return cast(Floats, np.minimum(2 * np.minimum(upper, lower), 1.0))


def binomial_critical_rate(n: ArrayLike, rate: ArrayLike, tail: ArrayLike, *, upper: bool) -> Floats:
    """The rate k/n at which the tail of Binomial(n, rate) is ``tail``: at or above it, or at or under it.

    nan where not even n of n (or none of n) lies so far out.

    Found by bisection to 2^-24: the incomplete beta function has no inverse in its shape parameters.

    >>> round(float(binomial_critical_rate(10, 0.5, 0.5**10, upper=True)), 9)
    1.0
    >>> float(binomial_critical_rate(10, 0.5, 0.0001, upper=True))
    nan
    """
    trials, p, level = (np.asarray(x, dtype=np.float64) for x in (n, rate, tail))
    trials, p, level = np.broadcast_arrays(trials, p if upper else 1 - p, level)
    inner, outer = p.copy(), np.ones_like(p)
    possible = p**trials <= level * (1 + 1e-12)
    for _ in range(24):
        middle = (inner + outer) / 2
        far = special.betainc(np.maximum(middle * trials, 1e-300), trials * (1 - middle) + 1, p) <= level
        inner, outer = np.where(far, inner, middle), np.where(far, middle, outer)
    found = np.where(possible, outer, np.nan)
    return cast(Floats, found if upper else 1 - found)


def beta_quantile(p: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """The quantile of Beta(a, b)."""
    return cast(Floats, special.betaincinv(a, b, p))


def log_beta(a: ArrayLike, b: ArrayLike) -> Floats:
    """The logarithm of the beta function."""
    return cast(Floats, special.betaln(a, b))
