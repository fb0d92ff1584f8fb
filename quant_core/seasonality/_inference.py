"""From sums and order statistics to values, intervals, baselines and tests of every bin.

Put here: one function per kind of metric, vectorized over bins.
Keep out: summing (_cube.py), sorting (_ranks.py), q-values and verdicts, which need the whole family (profile.py).

Baselines exclude the bin: the mean over all other bars that have a bin in the dimension. The test is the
cluster-robust one of market statistics with calendar cycles for blocks: within a cluster every bin is compared
with its neighbours, so slow changes of level cancel. Since p̂ - baseline = (p̂ - p0)·N/(N - n) with p0 over all
bars, its p-value is that of the lift.

Intervals speak of the value itself, so slow changes do not cancel. Rates use n_eff over the cycles; means,
standard deviations and quantiles use batch means (_cells.batches_of_clusters) and Student's t, because
amplitudes stay high for weeks.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from quant_core.counting.block_moments import BlockMoments, ratio, variance_against_baseline
from quant_core.estimators.cluster_robust_test import ClusterRobustTest, inflation_of_difference
from quant_core.estimators.effective_sample_size import EffectiveSampleSize
from quant_core.estimators.wilson import Wilson
from quant_core.profile_metrics import Kind
from quant_core.seasonality._cells import Codes, Ints
from quant_core.seasonality._cube import ClusterSums, Floats
from quant_core.seasonality._ranks import quantile_ranks
from quant_core.special_functions import t_quantile


@dataclass(frozen=True)
class BinStatistics:
    """Arrays over the bins of one dimension for one metric; nan where undefined.

    ``inflation`` of the variance of a tested rate by dependence, and ``degrees`` of freedom of the test, help the
    verdict and are no columns of a table.
    """

    n: Floats
    n_eff: Floats
    value: Floats
    ci_low: Floats
    ci_high: Floats
    baseline: Floats
    lift: Floats
    se_lift: Floats
    p_value: Floats
    n_clusters: Floats
    tie_share: Floats
    inflation: Floats
    degrees: Floats

    @classmethod
    def of(cls, n: Floats, **columns: Floats) -> BinStatistics:
        """Columns not given are nan; the lift is value minus baseline where both are given."""
        empty = np.full(len(n), np.nan)
        given = {"n": n, **columns}
        if "baseline" in given and "lift" not in given:
            given["lift"] = given["value"] - given["baseline"]
        return cls(**{f.name: given.get(f.name, empty) for f in fields(cls)})


LARGEST_EXPONENT = 30.0
"""A standard deviation known to a factor of e^30 is not known: it has no interval."""
FIRST, SIZE, BELOW = 1, 2, 3
"""Columns of additive values: x - shift, |x - shift|, then shares under quantiles."""


@dataclass(frozen=True)
class BinSums:
    """Everything additive about one bar value in one dimension.

    Attributes:
        sums: (n_bins, 6); count and power sums of x - shift, sum of |x - shift|.
        shift: what was subtracted.
        covered: (n_bins,); bars inside the outcome windows of the bin.
        window: bars of an outcome window.
        cycles, batches: sums over calendar clusters, and over batches of them.
        confidence: of every interval.
    """

    sums: Floats
    shift: float
    covered: Ints
    window: int
    cycles: ClusterSums
    batches: ClusterSums
    confidence: float

    def cycle_moments(self, column: int, squares: Floats) -> BlockMoments:
        """Moments for tests: calendar clusters."""
        return self.cycles.moments(column, squares=squares, covered=self.covered)

    def batch_moments(self, column: int, squares: Floats) -> BlockMoments:
        """Moments for intervals of values that stay high for long."""
        return self.batches.moments(column, squares=squares, covered=self.covered)

    def n_eff(self, m: BlockMoments, *, discount: bool = False) -> Floats:
        """Effective sample size; ``discount`` pays for its own error where no t quantile does.

        Without it the estimate may exceed n. Intervals take it as it is: cut at n it would pay for its error a second
        time, and means would be covered 97.5 % of the time in place of 95 %. Rows report n at most.
        """
        return EffectiveSampleSize().of_moments(m, self.window, discount=discount)

    def t_multiple(self, m: BlockMoments) -> Floats:
        """Quantile of Student's t for an interval with one degree of freedom less than blocks; nan below 2 blocks."""
        blocks = np.asarray(m.blocks, dtype=np.float64)
        return np.where(blocks > 1, t_quantile(0.5 + self.confidence / 2, np.maximum(blocks - 1, 1)), np.nan)


def _tested(m: BlockMoments, n_eff: Floats | None = None) -> dict[str, Floats]:
    """p-value and number of clusters; the same for cell against baseline and for bin against the rest.

    ``n_eff``: of values that are 0 or 1, for the exact guard.
    """
    test = ClusterRobustTest()
    rate = {} if n_eff is None else {"inflation": inflation_of_difference(m, n_eff)}
    clusters = np.asarray(m.blocks, dtype=np.float64)
    return {"p_value": test.p_value(m, n_eff), "n_clusters": clusters, "degrees": test.degrees(m), **rate}


def _se_lift(m: BlockMoments) -> Floats:
    """Standard error of value - baseline, the baseline without the bin."""
    n, everything = np.asarray(m.n, dtype=np.float64), np.asarray(m.all_n, dtype=np.float64)
    return np.sqrt(variance_against_baseline(m)) * ratio(everything, everything - n)


def rate_statistics(found: BinSums, ties: Floats | None = None) -> BinStatistics:
    """Share of ones, with its Wilson interval at n_eff.

    Given:
        ties: (n_bins,); bars left out because the price did not move; None where none are.
    """
    m = found.cycle_moments(FIRST, found.sums[:, 1])
    plain = plain_statistics("rate", found.sums, found.shift)
    n_eff = found.n_eff(m, discount=True)
    low, high = Wilson(confidence=found.confidence).interval(plain.value, n_eff)
    more = {} if ties is None else {"tie_share": ratio(ties, ties + plain.n)}
    return replace(plain, n_eff=n_eff, ci_low=low, ci_high=high, se_lift=_se_lift(m), **more, **_tested(m, n_eff))


def mean_statistics(found: BinSums) -> BinStatistics:
    """Arithmetic mean: value ± t·s/sqrt(n_eff), s the bin's standard deviation."""
    s2 = found.sums[:, 2]
    m, batched = found.cycle_moments(FIRST, s2), found.batch_moments(FIRST, s2)
    n_eff = found.n_eff(batched)
    plain = plain_statistics("mean", found.sums, found.shift)
    margin = found.t_multiple(batched) * np.sqrt(ratio(sample_variance(found.sums), n_eff))
    bounds = {"ci_low": plain.value - margin, "ci_high": plain.value + margin}
    return replace(plain, n_eff=np.minimum(n_eff, plain.n), se_lift=_se_lift(m), **bounds, **_tested(m))


def sample_variance(sums: Floats) -> Floats:
    """Variance with divisor n - 1 from power sums; nan below two values.

    Exactly 0 where values are equal: what rounding leaves of them would be an interval of nearly no width.
    """
    n, s1, s2 = sums[:, 0], sums[:, 1], sums[:, 2]
    squares = s2 - np.nan_to_num(ratio(s1 * s1, n))
    return ratio(np.where(squares > 1e-12 * s2, squares, 0.0), n - 1)


def own_deviations(cube: Floats, codes: Codes, sums: Floats) -> Floats:
    """(n_cells, 2); count and Σ(x - mean of the cell's bin)², expanded in powers of x - shift."""
    delta = np.append(np.nan_to_num(ratio(sums[:, 1], sums[:, 0])), 0.0)
    own = delta[codes]  # code -1 takes the appended 0: that cell is in no bin
    return np.column_stack((cube[:, 0], cube[:, 2] - 2 * own * cube[:, 1] + own**2 * cube[:, 0]))


def std_statistics(found: BinSums, deviations: ClusterSums) -> BinStatistics:
    """Sample standard deviation s: s·exp(±t·se(s²)/(2s²)), with the error of the mean of (x - mean)².

    The test is Levene's: the mean of |x - overall mean| in the bin against that of the rest. Squares would need
    eight moments for what absolute values do with four; returns often have not even those, and where the fourth
    moment is infinite the interval covers less than it says (measured on GARCH(1,1)-t: 0.83 to 0.91).

    Given:
        deviations: batch sums of ``own_deviations``.
    """
    n, s1, s2, s3, s4, _ = found.sums.T
    plain = plain_statistics("std", found.sums, found.shift)
    d = np.nan_to_num(ratio(s1, n))
    fourth = np.maximum(s4 - 4 * d * s3 + 6 * d**2 * s2 - 4 * d**3 * s1 + d**4 * n, 0.0)
    batched = deviations.moments(FIRST, squares=fourth, covered=found.covered)
    n_eff = found.n_eff(batched)
    relative = ratio(np.sqrt(ratio(batched.outcome_variance, n_eff)), 2 * plain.value**2)
    exponent = found.t_multiple(batched) * relative
    factor = np.exp(np.where(exponent <= LARGEST_EXPONENT, exponent, np.nan))
    bounds = {"ci_low": plain.value / factor, "ci_high": plain.value * factor}
    return replace(plain, n_eff=np.minimum(n_eff, plain.n), **bounds, **_tested(found.cycle_moments(SIZE, s2)))


def count_statistics(sums: Floats) -> BinStatistics:
    """Number of bars with a value: a fact about the data, without interval, baseline or test."""
    return BinStatistics.of(sums[:, 0], value=sums[:, 0])


@dataclass(frozen=True)
class QuantilePlan:
    """The ranks that one quantile needs from the sweep, and what is known before it.

    Attributes:
        inside: (n_bins, 4); ranks of value (two) and of interval bounds (two, may be left out), 2**61 for none.
        outside: (n_bins, 2); ranks of the baseline.
        weight, weight_outside: (n_bins,); weights of the upper ranks.
    """

    inside: Ints
    outside: Ints
    weight: Floats
    weight_outside: Floats
    known: BinStatistics

    def finish(self, inside: Floats, outside: Floats) -> BinStatistics:
        """Statistics from the values at ``inside`` and ``outside``."""
        value = inside[:, 0] + (inside[:, 1] - inside[:, 0]) * self.weight
        baseline = outside[:, 0] + (outside[:, 1] - outside[:, 0]) * self.weight_outside
        if inside.shape[1] == 2:
            return BinStatistics.of(self.known.n, value=value, baseline=baseline)
        kept = {name: getattr(self.known, name) for name in ("n_eff", "p_value", "n_clusters", "degrees")}
        return BinStatistics.of(
            self.known.n, value=value, ci_low=inside[:, 2], ci_high=inside[:, 3], baseline=baseline, **kept
        )


def plan_quantile(found: BinSums, column: int, probability: float) -> QuantilePlan:
    """Ranks of a quantile, of its interval and of its baseline; the test.

    Interval: order statistics at n·(q ± t·sqrt(q(1 - q)/n_eff)), n_eff of the share of values at or under the
    overall quantile. Test: that share in the bin against the rest (Mood's median test, for any quantile).

    Given:
        column: of the counts of values at or under the overall quantile.
    """
    n, everything = found.sums[:, 0], found.sums[:, 0].sum()
    m = found.cycle_moments(column, found.cycles.total(column))
    batched = found.batch_moments(column, found.cycles.total(column))
    n_eff = found.n_eff(batched)
    margin = found.t_multiple(batched) * np.sqrt(ratio(np.full(len(n), probability * (1 - probability)), n_eff))
    low, high, weight = quantile_ranks(n, probability)
    low_out, high_out, weight_out = quantile_ranks(everything - n, probability)
    none = np.isnan(margin) | (n < 1)
    reach = np.where(none, 0.0, margin)
    bound_low = np.floor(n * np.maximum(probability - reach, 0.0)).astype(np.int64)
    bound_high = np.minimum(np.ceil(n * np.minimum(probability + reach, 1.0)), np.maximum(n - 1, 0)).astype(np.int64)
    bounds = [np.where(none, 2**61, np.minimum(bound_low, low)), np.where(none, 2**61, np.maximum(bound_high, high))]
    known = BinStatistics.of(n, n_eff=np.minimum(n_eff, n), **_tested(m, found.n_eff(m, discount=True)))
    inside, outside = np.column_stack((low, high, *bounds)), np.column_stack((low_out, high_out))
    return QuantilePlan(inside, outside, weight, weight_out, known)


def plain_quantile(sums: Floats, probability: float) -> QuantilePlan:
    """Ranks of a quantile and of its baseline alone."""
    n = sums[:, 0]
    low, high, weight = quantile_ranks(n, probability)
    low_out, high_out, weight_out = quantile_ranks(n.sum() - n, probability)
    inside, outside = np.column_stack((low, high)), np.column_stack((low_out, high_out))
    return QuantilePlan(inside, outside, weight, weight_out, BinStatistics.of(n))


def plain_statistics(kind: Kind, sums: Floats, shift: float) -> BinStatistics:
    """Value, baseline and lift of a rate, mean, standard deviation or count, without interval and test."""
    if kind == "count":
        return count_statistics(sums)
    rest = sums.sum(axis=0) - sums
    if kind == "std":
        value, baseline = (np.sqrt(sample_variance(s)) for s in (sums, rest))
    else:
        value, baseline = (shift + ratio(s[:, 1], s[:, 0]) for s in (sums, rest))
    return BinStatistics.of(sums[:, 0], value=value, baseline=baseline)
