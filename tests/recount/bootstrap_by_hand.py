"""The stationary bootstrap of a mean with the random stream that its definition names, one run at a time.

Put here: bounds of a mean.
Keep out: which outcomes are resampled (market_stats_by_hand.py); anything of quant_core.
"""

from __future__ import annotations

import hashlib
import math
from itertools import accumulate

from scipy import special

from tests.recount.outcomes_by_hand import linear_quantile

WORD = 2**64
N_BINS, N_EXACT = 1024, 16
MINUS_LOG = [math.inf, *(-math.log(i / N_BINS) for i in range(1, N_BINS + 1))]


def seed_of(*names: object) -> int:
    """The first eight bytes of the hash of a cell's names."""
    return int.from_bytes(hashlib.sha256("|".join(map(str, names)).encode()).digest()[:8], "big")


def mean_bounds(
    values: list[float], unique: float, seed: int, confidence: float, n_resamples: int
) -> tuple[float | None, float | None]:
    """Percentile bounds, stretched for what resampling misses; None under four runs and without spread."""
    n = len(values)
    length = min(max(n ** (1 / 3) + 2 * n / unique, n / 100), n)
    if n < 4 * length:
        return None, None
    mean, tail = math.fsum(values) / n, (1 - confidence) / 2
    deviations = sorted(resampled_means([y - mean for y in values], length, seed, n_resamples))
    missed = (1 - 2 * length / n) * (1 - n / unique / (2 * length))
    stretch = special.stdtrit(n / length, 1 - tail) / special.ndtri(1 - tail) / math.sqrt(missed)
    low = min(mean + linear_quantile(deviations, tail) * stretch, mean)
    high = max(mean + linear_quantile(deviations, 1 - tail) * stretch, mean)
    return (low, high) if low < high else (None, None)


def resampled_means(values: list[float], length: float, seed: int, n_resamples: int) -> list[float]:
    """Runs that start anywhere and go around the end, of geometric length, until there are n outcomes."""
    n, sums = len(values), [0.0, *accumulate(values)]
    per_log = -1 / math.log(1 - 1 / length) if length > 1 else 0.0
    means = []
    for r in range(1, n_resamples + 1):
        state = _next(seed ^ (r * 0xD1342543DE82EF95) % WORD)[0]
        total, left = 0.0, n
        while left > 0:
            state, word = _next(state)
            start = (word >> 32) * n >> 32
            run = min(1 + int(_exponential(word & 0xFFFFFFFF) * per_log), left)
            stop = start + run
            total += sums[min(stop, n)] - sums[start] + (sums[stop - n] if stop > n else 0.0)
            left -= run
        means.append(total / n)
    return means


def _next(state: int) -> tuple[int, int]:
    """One step of splitmix64."""
    state = (state + 0x9E3779B97F4A7C15) % WORD
    z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
    return state, z ^ (z >> 31)


def _exponential(half: int) -> float:
    """−log u of 32 random bits: exact where u < 1/64, else a straight line over each of 1,024 parts of u."""
    part = half >> 22
    if part < N_EXACT:
        return -math.log((half + 1) * 2.0**-32)
    return MINUS_LOG[part] + (half & 0x3FFFFF) * 2.0**-22 * (MINUS_LOG[part + 1] - MINUS_LOG[part])
