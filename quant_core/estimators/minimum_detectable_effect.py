"""The smallest difference from the baseline that a cell could have shown.

Put here: the estimator ``minimum_detectable_effect``.
Keep out: the test itself (cluster_robust_test.py).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant_core.block import Fraction, Window
from quant_core.counting.block_moments import (
    BlockMoments,
    Floats,
    independent_variance,
    ratio,
    variance_against_baseline,
)
from quant_core.estimators.cluster_robust_test import ClusterRobustTest, inflation_of_difference
from quant_core.estimators.contract import Estimand, Estimate, Estimator, Sample
from quant_core.estimators.effective_sample_size import EffectiveSampleSize
from quant_core.special_functions import binomial_critical_rate, normal_quantile, t_quantile

_STEPS = 30


@dataclass(frozen=True)
class RateCells:
    """What the detectable effect of rates depends on; arrays of one shape.

    Attributes:
        n: outcomes of the cell.
        share: those among all bars, fraction in [0, 1].
        baseline: rate over all bars.
        inflation: of the variance of rate − baseline by dependence (``inflation_of_difference``).
        degrees: of freedom of the test; nan where there is none.
    """

    n: Floats
    share: Floats
    baseline: Floats
    inflation: Floats
    degrees: Floats


@dataclass(frozen=True)
class MinimumDetectableEffect(Estimator):
    """The |lift| that the test would find with the given power at the given level.

    The smallest lift δ whose estimate lies beyond the test's critical value as often as power says, from the variance
    **under that effect**. The t test rejects beyond c·s, c the quantile of Student's t and s an estimate of σ with d
    degrees of freedom: δ = c·E[s] + z_power·√(σ(δ)² + c²·Var[s]), s for the rate at which the estimate only just
    suffices. The exact guard of rates rejects beyond the critical rate of the binomial, whatever the effect.

    Attributes:
        level: two-sided size of one test; the engine passes the level of the family's first step instead.
        power: probability of finding an effect of this size, fraction in (level, 1).
        min_blocks: as in ``cluster_robust_test``: without a test there is no detectable effect.

    Missing: nan where the test has no p-value, and for rates where not even a certain outcome would be found: the cell
    is ``underpowered``.
    Source: Johnson & Welch (1940) for the non-central t; the combination is ours, its power checked by simulation
    (docs/calibration.md).

    Example: with a hundred times the blocks, about a tenth of the effect can be seen; without a test, nothing.

    >>> few, many = ([1.0, 0.0, 0.0, 1.0, 1.0] * n for n in (256, 25_600))
    >>> def mde(y):
    ...     at = range(0, len(y), 3)
    ...     sample = Sample.of([y[i] for i in at], positions=list(at), all_values=y)
    ...     return MinimumDetectableEffect().estimate(sample).value
    >>> 9 < mde(few) / mde(many) < 12.5
    True
    >>> mde([1.0])
    nan
    """

    level: Fraction = 0.05
    power: Fraction = 0.8
    min_blocks: Window = 10

    @property
    def estimand(self) -> Estimand:
        return "none"

    def of_numbers(self, variance: Floats, degrees: Floats, level: ArrayLike) -> Floats:
        """The effect of cells of numbers, whose spread does not follow from their mean; ``level`` is broadcast."""
        usable = ~np.isnan(degrees) & (np.nan_to_num(variance) > 0)
        error = np.sqrt(np.where(usable, variance, 0.0))
        found = self._asked(_critical(np.where(usable, degrees, 1.0), level), error, error)
        return np.where(usable, found, np.nan)

    def of_rates(self, cells: RateCells, level: ArrayLike) -> Floats:
        """The effect of cells of 0/1 outcomes: found whether it is a rise or a fall, or the one that is possible."""
        usable = ~np.isnan(cells.degrees) & (cells.share < 1) & (cells.inflation > 0)
        known = RateCells(*(getattr(cells, f.name)[usable] for f in fields(cells)))
        levels = np.broadcast_to(np.asarray(level, dtype=np.float64), usable.shape)[usable]
        found = np.full(usable.shape, np.nan)
        found[usable] = np.fmax(self._one_way(known, levels, 1.0), self._one_way(known, levels, -1.0))
        return found

    def _asked(self, critical: Critical, error: Floats, error_at_edge: Floats) -> Floats:
        """The lift that the t test finds with the asked power.

        ``error`` is the standard error of the estimate; ``error_at_edge`` the one that the test sees where the estimate
        only just suffices.
        """
        spread = np.sqrt(error**2 + (critical.multiple * critical.spread * error_at_edge) ** 2)
        return critical.multiple * critical.mean * error_at_edge + normal_quantile(self.power) * spread

    def _one_way(self, cells: RateCells, level: Floats, sign: float) -> Floats:
        """The least detectable rise (sign 1) or fall (-1) of the rate over its baseline; nan where none is found."""
        critical, z = _critical(cells.degrees, level), normal_quantile(self.power)
        trials = cells.n / np.maximum(cells.inflation, 1.0) / (1 - cells.share)
        guard = sign * (binomial_critical_rate(trials, cells.baseline, level / 2, upper=sign > 0) - cells.baseline)

        def falls_short(lift: Floats) -> Floats:
            """How much more lift the test asks for than there is."""
            inside, error = _under(cells, sign * lift)
            # Cornish-Fisher: the quantile of a skewed estimate; the skewness of a mean of `trials` outcomes.
            skewness = sign * np.nan_to_num(ratio(1 - 2 * inside, np.sqrt(trials * inside * (1 - inside))))
            margin = (z - skewness * (z**2 - 1) / 6) * error
            _, at_edge = _under(cells, sign * np.maximum(lift - margin, 0.0))
            return np.maximum(self._asked(critical, error, at_edge), guard + margin) - lift

        low, high = np.zeros_like(cells.baseline), _farthest(cells, sign)
        possible = falls_short(high) <= 0
        for _ in range(_STEPS):
            middle = (low + high) / 2
            short = falls_short(middle) > 0
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return np.where(possible, high, np.nan)

    def estimate(self, sample: Sample) -> Estimate:
        if not len(sample.values):
            return Estimate(np.nan, np.nan, np.nan)
        m = sample.moments()
        return Estimate(float(self.of_moments(m, sample, self.level)[0]), np.nan, np.nan)

    def of_moments(self, m: BlockMoments, sample: Sample, level: ArrayLike) -> Floats:
        """The effect of one sample's moments, rates and numbers told apart by the sample's values."""
        degrees = ClusterRobustTest(min_blocks=self.min_blocks).degrees(m)
        if not np.isin(sample.all_values, (0.0, 1.0)).all():
            return self.of_numbers(variance_against_baseline(m), degrees, level)
        n_eff = EffectiveSampleSize().of_moments(m, sample.horizon)
        return self.of_rates(rate_cells(m, n_eff, degrees), level)


class Critical(NamedTuple):
    """Where a t test rejects, in true standard errors: ``multiple`` times an estimate of mean and spread (sd)."""

    multiple: Floats
    mean: Floats
    spread: Floats


def _critical(degrees: Floats, level: ArrayLike) -> Critical:
    """The quantile, and the first two moments of s/σ, s² a mean of ``degrees`` squares."""
    mean = 1 - 1 / (4 * degrees) + 1 / (32 * degrees**2)
    return Critical(
        t_quantile(1 - np.asarray(level, dtype=np.float64) / 2, degrees), mean, np.sqrt(np.maximum(1 - mean**2, 0.0))
    )


def _farthest(cells: RateCells, sign: float) -> Floats:
    """The largest lift: the baseline stands, so the rate outside gives way, and neither may leave 0 … 1."""
    base, share = cells.baseline, cells.share
    outermost = np.minimum(1.0, base / share) if sign > 0 else np.maximum(0.0, (base - (1 - share)) / share)
    return np.maximum(sign * (outermost - base), 0.0)


def _under(cells: RateCells, lift: Floats) -> tuple[Floats, Floats]:
    """The rate of the cell under a lift, and the standard error of the lift's estimate."""
    inside = np.clip(cells.baseline + lift, 0.0, 1.0)
    outside = np.clip(cells.baseline - lift * cells.share / (1 - cells.share), 0.0, 1.0)
    alone = independent_variance(cells.n, cells.share, inside * (1 - inside), outside * (1 - outside))
    return inside, np.sqrt(cells.inflation * alone)


def rate_cells(m: BlockMoments, n_eff: Floats, degrees: Floats) -> RateCells:
    """Moments of 0/1 outcomes as what ``of_rates`` reads."""
    n, share = np.asarray(m.n, dtype=np.float64), np.nan_to_num(ratio(m.n, m.all_n))
    return RateCells(n, share, np.nan_to_num(m.baseline), np.nan_to_num(inflation_of_difference(m, n_eff)), degrees)
