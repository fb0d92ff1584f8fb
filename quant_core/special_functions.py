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


def beta_quantile(p: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """The quantile of Beta(a, b)."""
    return cast(Floats, special.betaincinv(a, b, p))


def log_beta(a: ArrayLike, b: ArrayLike) -> Floats:
    """The logarithm of the beta function."""
    return cast(Floats, special.betaln(a, b))
