"""Fingerprints of sets of bars and of what followed them: equal sets have equal ones, whatever their names.

Put here: numbers of bars, and the compiled sums of them over the bars of many cells.
Keep out: which cells ask the same question (market_stats/_hypotheses.py, seasonality/_hypotheses.py).

A set's fingerprint is the sum, modulo 2^64, of a number that looks random for each of its bars. Disjoint sets add up:
the pooled folds have the sum of their folds' fingerprints, and what a set leaves out is a difference. Different sets
agree with probability 2^-64: among 10,000 cells less than once in 10^11 tables.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Prints = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def mixed(x: Prints) -> Prints:
    """64 bits that look random, one-to-one.

    Source: the finalizer of SplitMix64 (Steele, Lea, Flood 2014); its first output from the state 0 is published:

    >>> hex(mixed(np.array([0], dtype=np.uint64))[0])
    '0xe220a8397b1dcdaf'
    """
    z = x + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return z ^ (z >> np.uint64(31))


def numbers_of_bars(start: int, stop: int) -> Prints:
    """(stop − start,); the number of each bar by its position in the history.

    >>> bool((numbers_of_bars(2, 4) == numbers_of_bars(0, 9)[2:4]).all())
    True
    """
    return mixed(np.arange(start, stop, dtype=np.uint64))


def numbers_of_values(values: NDArray[Any], numbers: Prints) -> Prints:
    """(n,); a number for each value at its bar; 0 and −0 are one value.

    >>> bars = numbers_of_bars(0, 3)
    >>> same = numbers_of_values(np.array([0.0, 1.0, 1.0]), bars) == numbers_of_values(np.array([-0.0, 1.0, 2.0]), bars)
    >>> same.tolist()
    [True, True, False]
    """
    bits = (values.astype(np.float64) + 0.0).view(np.uint64)
    return mixed(bits ^ numbers)


def fingerprints_of_cells(
    events: NDArray[np.bool_], codes: NDArray[np.integer[Any]], n_slots: int, valid: NDArray[np.bool_], numbers: Prints
) -> Prints:
    """(n_events, n_slots): the fingerprint of the valid event bars of every cell; the same for any number of threads.

    Args:
        events: (n_events, L).
        codes: (n_rows, L); the slot of each bar in every row, ``n_slots`` for none.
        n_slots: number of slots.
        valid: (L,); bars that count.
        numbers: (L,); of the bars.

    Example, by hand: slot 1 holds the bars that slot 0 holds, of which the last is not valid.

    >>> codes = np.array([[0, 0, 0], [1, 1, 2]], dtype=np.int32)
    >>> valid, numbers = np.array([True, True, False]), numbers_of_bars(0, 3)
    >>> found = fingerprints_of_cells(np.ones((1, 3), dtype=np.bool_), codes, 3, valid, numbers)
    >>> bool(found[0, 0] == found[0, 1] == numbers[:2].sum()), int(found[0, 2])
    (True, 0)
    """
    sums = np.zeros((events.shape[0], n_slots + 1), dtype=np.uint64)
    _sum_in_threads(events, codes, np.where(valid, numbers, np.uint64(0)), sums)
    return sums[:, :n_slots]


def sums_of_codes(numbers: Prints, codes: NDArray[np.int32], n_codes: int) -> Prints:
    """(n_codes,): the sum, modulo 2^64, of the numbers of each code; a negative code is none.

    >>> sums_of_codes(np.array([1, 2, 4, 8], dtype=np.uint64), np.array([1, 0, -1, 1], dtype=np.int32), 3).tolist()
    [2, 9, 0]
    """
    sums = np.zeros(n_codes, dtype=np.uint64)
    _add_codes(numbers, codes, sums)
    return sums


@njit(cache=True, nogil=True)
def _add_codes(numbers: Prints, codes: NDArray[np.int32], sums: Prints) -> None:  # pragma: no cover - compiled
    for i in range(codes.size):
        if codes[i] >= 0:
            sums[codes[i]] += numbers[i]


@njit(parallel=True, cache=True)
def _sum_in_threads(
    events: NDArray[np.bool_], codes: NDArray[np.integer[Any]], numbers: Prints, sums: Prints
) -> None:  # pragma: no cover - compiled
    """Threads share the events; sums modulo 2^64 do not depend on their order."""
    for e in prange(events.shape[0]):
        for t in range(events.shape[1]):
            if events[e, t]:
                for row in range(codes.shape[0]):
                    sums[e, codes[row, t]] += numbers[t]
