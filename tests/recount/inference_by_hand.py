"""Estimates of one cell from its outcomes per time block, formula by formula, without moments that add up.

Put here: what both tables use: effective sample sizes, the clustered test with its exact guard, intervals of rates,
q-values and detectable effects. Distributions come from scipy.
Keep out: which bars a cell holds; anything of quant_core.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from scipy import optimize, special

MIN_BLOCKS = 10


@dataclass(frozen=True)
class Cell:
    """Outcomes of a cell and of all bars around it, by time block; every outcome of the cell is among all.

    Attributes:
        inside: per block, the outcomes of the cell.
        everything: per block, the outcomes of all bars, those of the cell included.
        covered: bars inside at least one outcome window.
        window: bars of an outcome window.
    """

    inside: list[list[float]]
    everything: list[list[float]]
    covered: int
    window: int

    @cached_property
    def values(self) -> list[float]:
        return [y for block in self.inside for y in block]

    @cached_property
    def all_values(self) -> list[float]:
        return [y for block in self.everything for y in block]

    @cached_property
    def n(self) -> int:
        return len(self.values)

    @property
    def unique(self) -> float:
        """Outcomes that do not overlap."""
        return min(float(self.n), self.covered / self.window)

    @property
    def n_all(self) -> int:
        return len(self.all_values)

    @property
    def share(self) -> float:
        return self.n / self.n_all

    @cached_property
    def n_blocks(self) -> int:
        return sum(bool(block) for block in self.inside)

    @cached_property
    def mean(self) -> float:
        return math.fsum(self.values) / self.n

    @cached_property
    def baseline(self) -> float:
        return math.fsum(self.all_values) / self.n_all

    @cached_property
    def mean_outside(self) -> float:
        n = self.n_all - self.n
        return (math.fsum(self.all_values) - math.fsum(self.values)) / n if n else 0.0

    @cached_property
    def variance(self) -> float:
        """Of one outcome, divisor n."""
        return math.fsum((y - self.mean) ** 2 for y in self.values) / self.n

    @property
    def is_whole(self) -> bool:
        return self.n == self.n_all

    @cached_property
    def effective_blocks(self) -> float:
        """(Σv)²/Σv², v what a block would add to the variance of mean − baseline if outcomes were independent."""
        if self.n == 0 or self.is_whole:
            return math.nan
        f = self.share
        pairs = zip(self.inside, self.everything, strict=True)
        added = [(1 - f) ** 2 * len(c) + f**2 * (len(e) - len(c)) for c, e in pairs]
        return sum(added) ** 2 / sum(v * v for v in added)

    @cached_property
    def degrees(self) -> float:
        """Of freedom of the test; nan without one."""
        if self.n_blocks < MIN_BLOCKS or not self.effective_blocks > 2:
            return math.nan
        return self.effective_blocks - 1

    @cached_property
    def lift_variance(self) -> float:
        """Of mean − baseline, clustered over blocks, each side around its own mean."""
        f, deviations, sizes = self.share, [], []
        for own, every in zip(self.inside, self.everything, strict=True):
            sum_own, sum_rest = math.fsum(own), math.fsum(every) - math.fsum(own)
            n_rest = len(every) - len(own)
            deviations.append((1 - f) * (sum_own - self.mean * len(own)) - f * (sum_rest - self.mean_outside * n_rest))
            sizes.append(math.fsum(map(abs, every)))
        total, g = math.fsum(u * u for u in deviations), self.effective_blocks
        if total <= 1e-24 * math.fsum(s * s for s in sizes):
            return 0.0
        return total * g / (g - 1) / self.n**2 if g > 1 else math.nan

    def n_eff(self, *, discount: bool = True) -> float:
        """Outcomes over the design effect of the blocks; ``discount`` pays for its error where no Student's t does."""
        n, sizes = self.n, [len(block) for block in self.inside]
        own = math.fsum((math.fsum(b) - self.mean * len(b)) ** 2 for b in self.inside)
        together = sum(k * (k - 1) for k in sizes)
        degrees = n * n / together - 1 if together else math.inf
        same = sum(k * k for k in sizes) / n**2
        noise = 1e-24 * math.fsum(math.fsum(map(abs, b)) ** 2 for b in self.inside)
        unique = self.unique
        if n < 2 or same == 1 or self.variance == 0 or own <= noise:
            return unique
        deff = own / (n * self.variance) * (1 - 1 / n) / (1 - same)
        across = 1 - self.window / (3 * block_bars(self.window)) * (1 - unique / n)
        found = n / deff * across
        if degrees <= 4:
            return min(unique, found)
        return min(float(n), found * (1 - 2 / degrees)) if discount else found

    def alone(self, inside: float, outside: float) -> float:
        """Variance of mean − baseline if outcomes of these variances were independent."""
        f = self.share
        return ((1 - f) ** 2 * inside + f * (1 - f) * outside) / self.n

    def inflation(self, n_eff: float) -> float:
        """How many times larger dependence makes the variance of a rate's lift."""
        if self.variance == 0:
            return self.n / n_eff
        r = self.mean_outside
        return self.lift_variance / self.alone(self.mean * (1 - self.mean), r * (1 - r))

    def p_value(self, n_eff: float | None) -> float | None:
        """Two-sided, against the baseline; ``n_eff`` where outcomes are 0 or 1: the larger of t and exact test."""
        if self.n == 0 or self.is_whole or math.isnan(self.degrees):
            return None
        lift, exact = self.mean - self.baseline, None
        if n_eff is not None:
            trials = self.n / max(self.inflation(n_eff), 1.0) / (1 - self.share)
            exact = binomial_tails(self.mean, trials, self.baseline)
        if self.lift_variance == 0:
            return exact if lift != 0 else None
        by_t = 2 * special.stdtr(self.degrees, -abs(lift) / math.sqrt(self.lift_variance))
        return float(by_t if exact is None else max(by_t, exact))


def block_bars(window: int) -> int:
    """The smallest multiple of 64 that is at least 64 and four windows."""
    return 64 * math.ceil(max(64, 4 * window) / 64)


def binomial_tails(rate: float, trials: float, null: float) -> float:
    """Twice the smaller tail, through the beta distribution: trials need not be whole."""
    k = rate * trials
    upper = special.betainc(k, trials - k + 1, null) if k > 0 else 1.0
    lower = special.betainc(trials - k, k + 1, 1 - null) if k < trials else 1.0
    return float(min(1.0, 2 * min(upper, lower)))


def wilson(rate: float, n: float, confidence: float) -> tuple[float, float]:
    """The rates that a score test does not reject: both roots of (rate − p)² = z²·p(1 − p)/n."""
    z2 = special.ndtri(0.5 + confidence / 2) ** 2
    a, b, c = 1 + z2 / n, -(2 * rate + z2 / n), rate * rate
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    high = (-b + root) / (2 * a)
    return c / (a * high), min(high, 1.0)


def jeffreys(rate: float, n: float, confidence: float) -> dict[str, float]:
    """Mean, mode and highest-density interval of Beta(½ + successes, ½ + failures)."""
    a, b = rate * n + 0.5, (1 - rate) * n + 0.5
    found = {"p_mean": a / (a + b)}
    if a > 1 and b > 1:
        low, high = _shortest(a, b, confidence)
        return found | {"p_map": (a - 1) / (a + b - 2), "hdi_low": low, "hdi_high": high}
    if b > 1:
        return found | {"p_map": 0.0, "hdi_low": 0.0, "hdi_high": float(special.betaincinv(a, b, confidence))}
    if a > 1:
        return found | {"p_map": 1.0, "hdi_low": float(special.betaincinv(a, b, 1 - confidence)), "hdi_high": 1.0}
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    low, high = (float(special.betaincinv(a, b, p)) for p in tails)
    return found | {"p_map": a / (a + b), "hdi_low": low, "hdi_high": high}


def _shortest(a: float, b: float, mass: float) -> tuple[float, float]:
    """The interval of this mass whose ends have equal density."""

    def ends(place: float) -> tuple[float, float]:
        # How the mass left out is shared, on the logistic scale; the upper end as its distance from 1, which is finer.
        under, over = ((1 - mass) * float(special.expit(x)) for x in (place, -place))
        return float(special.betaincinv(a, b, under)), float(special.betaincinv(b, a, over))

    def log_ratio(place: float) -> float:
        low, from_one = (max(x, 1e-300) for x in ends(place))
        rise = math.log(low) - math.log1p(-from_one)
        fall = math.log(from_one) - math.log1p(-low)
        return (a - 1) * rise - (b - 1) * fall

    first, last = -200.0, 200.0  # farther out an end is 0 or 1 to 80 digits
    if log_ratio(first) >= 0 or log_ratio(last) <= 0:
        last = first = first if log_ratio(first) >= 0 else last
    place = first if first == last else optimize.brentq(log_ratio, first, last, xtol=1e-13, rtol=8.9e-16)
    low, from_one = ends(place)
    return low, 1 - from_one


def benjamini_hochberg(p_values: list[float]) -> list[float]:
    """The q-value of every p: the least p·m/rank at or above its place."""
    m, q, best = len(p_values), [1.0] * len(p_values), 1.0
    ordered = sorted(range(m), key=lambda i: p_values[i])
    for rank in range(m, 0, -1):
        best = min(best, p_values[ordered[rank - 1]] * m / rank)
        q[ordered[rank - 1]] = best
    return q
