"""The smallest lift that a test would find with the asked power, by the same halvings as its definition names.

Put here: detectable effects of rates and of numbers.
Keep out: the tests (inference_by_hand.py); anything of quant_core.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

HALVINGS, CRITICAL_HALVINGS = 30, 24


@dataclass(frozen=True)
class Power:
    """A test at a level, with degrees of freedom, that is to find an effect as often as ``power`` says."""

    level: float
    degrees: float
    power: float

    @property
    def z(self) -> float:
        return float(special.ndtri(self.power))

    def asked(self, error: float, error_at_edge: float) -> float:
        """c·E[s] + z·√(σ² + c²·Var[s]), s the standard error as the test estimates it."""
        d = self.degrees
        multiple = special.stdtrit(d, 1 - self.level / 2)
        mean = 1 - 1 / (4 * d) + 1 / (32 * d * d)
        spread = math.sqrt(max(1 - mean * mean, 0.0))
        return float(
            multiple * mean * error_at_edge
            + self.z * math.sqrt(error * error + (multiple * spread * error_at_edge) ** 2)
        )

    def of_numbers(self, variance: float) -> float:
        error = math.sqrt(variance)
        return self.asked(error, error)

    def of_rates(self, n: int, share: float, baseline: float, inflation: float) -> float | None:
        """Found whether it is a rise or a fall, or the one that is possible."""
        found = [_OneWay(self, n, share, baseline, inflation, sign).least() for sign in (1, -1)]
        return max((x for x in found if x is not None), default=None)


@dataclass(frozen=True)
class _OneWay:
    """A rise (1) or a fall (−1) of a cell's rate over a baseline that stays."""

    test: Power
    n: int
    share: float
    baseline: float
    inflation: float
    sign: int

    def _under(self, lift: float) -> tuple[float, float]:
        """The rate inside under this lift, and the standard error of the lift."""
        f, base = self.share, self.baseline
        inside = min(max(base + lift, 0.0), 1.0)
        outside = min(max(base - lift * f / (1 - f), 0.0), 1.0)
        alone = ((1 - f) ** 2 * inside * (1 - inside) + f * (1 - f) * outside * (1 - outside)) / self.n
        return inside, math.sqrt(self.inflation * alone)

    def _farthest(self) -> float:
        base, f = self.baseline, self.share
        outermost = min(1.0, base / f) if self.sign > 0 else max(0.0, (base - (1 - f)) / f)
        return max(self.sign * (outermost - base), 0.0)

    def _falls_short(self, lift: float, trials: float, guard: float) -> bool:
        inside, error = self._under(self.sign * lift)
        spread = trials * inside * (1 - inside)
        skewness = self.sign * (1 - 2 * inside) / math.sqrt(spread) if spread > 0 else 0.0
        z = self.test.z
        margin = (z - skewness * (z * z - 1) / 6) * error
        at_edge = self._under(self.sign * max(lift - margin, 0.0))[1]
        return max(self.test.asked(error, at_edge), guard + margin) > lift

    def least(self) -> float | None:
        """By halving the way to the farthest possible lift; None where not even that one is found."""
        trials = self.n / max(self.inflation, 1.0) / (1 - self.share)
        rate = critical_rate(trials, self.baseline if self.sign > 0 else 1 - self.baseline, self.test.level / 2)
        if rate is None:
            return None
        edge = rate if self.sign > 0 else 1 - rate
        guard = self.sign * (edge - self.baseline)
        low, high = 0.0, self._farthest()
        if self._falls_short(high, trials, guard):
            return None
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if self._falls_short(middle, trials, guard):
                low = middle
            else:
                high = middle
        return high


def critical_rate(trials: float, null: float, tail: float) -> float | None:
    """The rate at which the upper tail of the binomial is this small; None where it never is."""
    if null**trials > tail * (1 + 1e-12):
        return None
    inner, outer = null, 1.0
    for _ in range(CRITICAL_HALVINGS):
        middle = (inner + outer) / 2
        if special.betainc(max(middle * trials, 1e-300), trials * (1 - middle) + 1, null) <= tail:
            outer = middle
        else:
            inner = middle
    return outer
