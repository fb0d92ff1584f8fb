"""The compiled loops of the stationary bootstrap of means.

Put here: the random stream, resampled means of one series, and their quantiles for many cells at once.
Keep out: run lengths, bounds and what they are called (mean_interval.py).
"""

# pyright: reportUntypedFunctionDecorator=false, reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba as nb
import numpy as np

from quant_core.counting.block_moments import Counts, Floats


@nb.njit(cache=True)
def _next_word(state: np.uint64) -> Any:  # pragma: no cover - compiled
    """One step of splitmix64: the next state and 64 random bits."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state, z ^ (z >> np.uint64(31))


_BINS = 1024
_EXACT_BINS = 16
_MINUS_LOG = -np.log(np.maximum(np.arange(_BINS + 1), 1e-9) / _BINS)
"""−log u at the edges of 1,024 equal bins of u."""


@nb.njit(cache=True)
def _exponential(word: np.uint64) -> float:  # pragma: no cover - compiled
    """−log u of the low half of a word: linear between edges, off by 5e-4 at most; exact where u < 1/64."""
    half = word & np.uint64(0xFFFFFFFF)
    edge = np.int64(half >> np.uint64(22))
    if edge < _EXACT_BINS:
        return -np.log((float(half) + 1.0) * 2.0**-32)
    part = float(half & np.uint64(0x3FFFFF)) * 2.0**-22
    return _MINUS_LOG[edge] + part * (_MINUS_LOG[edge + 1] - _MINUS_LOG[edge])


@nb.njit(cache=True)
def resampled_means(
    values: Floats, mean_length: float, n_resamples: int, seed: np.uint64
) -> Floats:  # pragma: no cover - compiled
    """Means of stationary-bootstrap resamples; a run costs one prefix-sum difference, whatever its length.

    One random word per run: its high half says where the run starts, its low half how long it is.
    """
    n = len(values)
    prefix = np.zeros(n + 1)
    for i in range(n):
        prefix[i + 1] = prefix[i] + values[i]
    # Length 1 + floor(log u / log(1 − 1/L)); a mean length of 1 divides by −inf, which gives 1.
    per_log = -1.0 / np.log(1.0 - 1.0 / mean_length) if mean_length > 1.0 else 0.0
    means = np.empty(n_resamples)
    for r in range(n_resamples):
        state, _ = _next_word(seed ^ (np.uint64(r + 1) * np.uint64(0xD1342543DE82EF95)))
        total, left = 0.0, n
        while left > 0:
            state, word = _next_word(state)
            start = np.int64(((word >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))
            run = min(1 + np.int64(_exponential(word) * per_log), left)
            stop = start + run
            if stop <= n:
                total += prefix[stop] - prefix[start]
            else:  # around the end
                total += prefix[n] - prefix[start] + prefix[stop - n]
            left -= run
        means[r] = total / n
    return means


@nb.njit(cache=True)
def _quantile(ordered: Floats, probability: float) -> float:  # pragma: no cover - compiled
    """Linear interpolation between order statistics."""
    last = len(ordered) - 1
    below = min(int(probability * last), last)
    step = ordered[min(below + 1, last)] - ordered[below]
    return ordered[below] + step * (probability * last - below)


@nb.njit(cache=True, nogil=True)
def _resample_cells(
    values: Floats,
    starts: Counts,
    lengths: Any,
    seeds: Any,
    n_resamples: int,
    tail: float,
    cells: Any,
    found: Floats,
) -> None:  # pragma: no cover - compiled
    """Fill the rows of some cells."""
    for cell in cells:
        own = values[starts[cell] : starts[cell + 1]]
        if len(own) == 0:
            continue
        mean = np.sum(own) / len(own)
        found[cell, 0] = mean
        if not np.isnan(lengths[cell]):
            deviations = resampled_means(own - mean, lengths[cell], n_resamples, seeds[cell])
            deviations.sort()
            found[cell, 1] = _quantile(deviations, tail)
            found[cell, 2] = _quantile(deviations, 1.0 - tail)


_RUNS_WORTH_A_THREAD = 500_000
"""Resampled runs, about 2 ms of work: less is done by one thread, because starting others would take longer."""


def means_and_deviations(
    values: Floats, starts: Counts, lengths: Floats, seeds: Any, n_resamples: int, tail: float, n_threads: int
) -> Floats:
    """(n_cells, 3): the mean of every cell and two quantiles of its resampled means around it.

    Given:
        values: the outcomes of all cells, cell after cell, each in time order.
        starts: (n_cells + 1,); first outcome of each cell.
        lengths: (n_cells,); mean run length, nan where no quantiles are wanted.
        seeds: (n_cells,) uint64.
        tail: the quantiles are those at tail and 1 - tail.
        n_threads: a cell is the work of one thread, so the result is equal for any number.
    """
    sizes = np.diff(starts)
    found = np.full((len(sizes), 3), np.nan)
    by_size = np.argsort(-sizes, kind="stable")
    wanted = lengths > 0
    runs = np.sum(sizes[wanted] / lengths[wanted]) * n_resamples
    n_threads = max(1, min(n_threads, int(runs / _RUNS_WORTH_A_THREAD)))

    def fill(first: int) -> None:
        cells = by_size[first::n_threads]
        _resample_cells(values, starts, lengths, seeds, n_resamples, tail, cells, found)

    if n_threads == 1:
        fill(0)
    else:
        # Threads of Python: the loops hold no lock, and idle threads sleep instead of spinning as numba's do.
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(fill, range(n_threads)))
    return found
