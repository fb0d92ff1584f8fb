"""Order statistics of every bin, and of everything outside it, from one sorted pass.

Put here: sorting values with their cells, the rank sweep, and quantiles made of it, beside their references.
Keep out: sums (_cube.py).

All values are sorted once. Walking up the sorted values and counting per bin, the k-th value of a bin is the
one met when its count is k; the k-th value outside a bin is the one met when position minus count is k.
One pass per dimension gives exact quantiles, intervals and baselines.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quant_core.seasonality._cells import Codes, Ints
from quant_core.seasonality._cube import Floats

_DIGIT_BITS = 11
_N_DIGITS = 6


class SortedValues(NamedTuple):
    """Non-nan values in ascending order, each with the cell it came from."""

    values: Floats
    cells: Any


@njit(cache=True, nogil=True)
def _ordered_bits(values: Any, keys: Any, counts: Any) -> None:
    """Integers that sort as the floats do, and how often each 11-bit digit occurs."""
    bits = values.view(np.uint64)
    sign = np.uint64(0x8000000000000000)
    for i in range(values.size):
        u = bits[i]
        u = ~u if u & sign else u | sign
        keys[i] = u
        for d in range(_N_DIGITS):
            counts[d, (u >> np.uint64(_DIGIT_BITS * d)) & np.uint64(2047)] += 1


@njit(cache=True, nogil=True)
def _one_digit(keys: Any, cells: Any, keys_to: Any, cells_to: Any, count: Any, shift: Any) -> None:
    """One stable counting pass over an 11-bit digit."""
    place = np.cumsum(count) - count
    for i in range(keys.size):
        digit = (keys[i] >> shift) & np.uint64(2047)
        to = place[digit]
        place[digit] = to + 1
        keys_to[to] = keys[i]
        cells_to[to] = cells[i]


@njit(cache=True, nogil=True)
def _insert_rest(keys: Any, cells: Any, most_moves: Any) -> Any:
    """Insertion sort of nearly sorted keys, stable; False when it gave up after ``most_moves``."""
    moves = 0
    for i in range(1, keys.size):
        key = keys[i]
        if key < keys[i - 1]:
            cell = cells[i]
            j = i
            while j > 0 and keys[j - 1] > key:
                keys[j] = keys[j - 1]
                cells[j] = cells[j - 1]
                j -= 1
            keys[j] = key
            cells[j] = cell
            moves += i - j
            if moves > most_moves:
                return False
    return True


@njit(cache=True, nogil=True)
def _radix_sort(values: Any, cells: Any) -> Any:
    """Radix sort of (value, cell) pairs; stable; no nan.

    The three high digits order real values almost completely, to 5e-7 of their size, and insertion does the rest.
    Where many values lie closer together than that, all six digits are sorted.
    """
    n = values.size
    keys, keys_to = np.empty(n, np.uint64), np.empty(n, np.uint64)
    cells_from, cells_to = cells.copy(), np.empty_like(cells)
    counts = np.zeros((_N_DIGITS, 1 << _DIGIT_BITS), np.int64)
    _ordered_bits(values, keys, counts)
    for first in (_N_DIGITS // 2, 0):
        for d in range(first, _N_DIGITS):
            if counts[d].max() < n:  # else every key has this digit: nothing to move
                _one_digit(keys, cells_from, keys_to, cells_to, counts[d], np.uint64(_DIGIT_BITS * d))
                keys, keys_to = keys_to, keys
                cells_from, cells_to = cells_to, cells_from
        if first == 0 or _insert_rest(keys, cells_from, 4 * n):
            break
    sign = np.uint64(0x8000000000000000)
    for i in range(n):
        u = keys[i]
        keys_to[i] = u & ~sign if u & sign else ~u
    return keys_to.view(np.float64), cells_from


@njit(cache=True, nogil=True)
def _observed_pairs(values: Any, starts: Any) -> Any:
    """The non-nan values and the cell of each."""
    kept, cells = np.empty(values.size), np.empty(values.size, np.uint32)
    k = 0
    for c in range(starts.size - 1):
        for i in range(starts[c], starts[c + 1]):
            if not np.isnan(values[i]):
                kept[k] = values[i]
                cells[k] = c
                k += 1
    return kept[:k], cells[:k]


def sort_with_cells(values: Floats, starts: Ints) -> SortedValues:
    """Sort the non-nan values of all cells.

    >>> out = sort_with_cells(np.array([3.0, np.nan, -1.0, 2.0]), np.array([0, 2, 4]))
    >>> out.values.tolist(), out.cells.tolist()
    ([-1.0, 2.0, 3.0], [1, 1, 0])
    """
    return SortedValues(*_radix_sort(*_observed_pairs(values, starts)))


def sort_with_cells_reference(values: Floats, starts: Ints) -> SortedValues:
    """The same with numpy's stable argsort."""
    cells = np.repeat(np.arange(len(starts) - 1), np.diff(starts)).astype(np.uint32)
    seen = ~np.isnan(values)
    order = np.argsort(values[seen], kind="stable")
    return SortedValues(values[seen][order], cells[seen][order])


@njit(cache=True, nogil=True)
def rank_sweep(values: Any, cells: Any, codes: Any, inside: Any, outside: Any) -> Any:
    """Values at given ranks inside each bin and among the values of all other bins.

    Given:
        values, cells: (n,); sorted values and their cells.
        codes: (n_cells,); bin of each cell, -1 for none: such values count nowhere.
        inside, outside: (n_bins, k); ranks from 0, ascending in each row; at or above the count they give nan.
    """
    n_bins = inside.shape[0]
    found_in = np.full(inside.shape, np.nan)
    found_out = np.full(outside.shape, np.nan)
    count, p, q = np.zeros(n_bins, np.int64), np.zeros(n_bins, np.int64), np.zeros(n_bins, np.int64)
    never = np.int64(2**62)
    wait_in, wait_out = np.full(n_bins, never), np.full(n_bins, never)
    for g in range(n_bins):
        if inside.shape[1]:
            wait_in[g] = inside[g, 0]
        if outside.shape[1]:
            wait_out[g] = outside[g, 0]
    next_out = wait_out.min() if n_bins else never
    m = np.int64(0)  # values with a bin met so far
    for j in range(values.size):
        own = codes[cells[j]]
        if own < 0:
            continue
        if m == next_out:
            for g in range(n_bins):
                # wait_out is a lower bound of the position; the count may have grown since it was set.
                while wait_out[g] <= m:
                    at = outside[g, q[g]] + count[g]
                    if at > m or g == own:
                        wait_out[g] = max(at, m + 1)
                    else:
                        found_out[g, q[g]] = values[j]
                        q[g] += 1
                        wait_out[g] = outside[g, q[g]] + count[g] if q[g] < outside.shape[1] else never
            next_out = wait_out.min()
        k = count[own]
        while k == wait_in[own]:
            found_in[own, p[own]] = values[j]
            p[own] += 1
            wait_in[own] = inside[own, p[own]] if p[own] < inside.shape[1] else never
        count[own] = k + 1
        m += 1
    return found_in, found_out


def rank_sweep_reference(
    values: Floats, cells: Any, codes: Codes, inside: Ints, outside: Ints
) -> tuple[Floats, Floats]:
    """The same by selecting each bin and its complement."""
    bins = codes[cells]
    found = np.full(inside.shape, np.nan), np.full(outside.shape, np.nan)
    for g in range(len(inside)):
        for out, ranks, chosen in (
            (found[0], inside, values[bins == g]),
            (found[1], outside, values[(bins != g) & (bins >= 0)]),
        ):
            there = ranks[g] < len(chosen)
            out[g, there] = chosen[ranks[g][there]]
    return found


def quantile_ranks(n: Floats, probability: float) -> tuple[Ints, Ints, Floats]:
    """Lower rank, upper rank and weight of the linear (type 7) quantile of n values; ranks of no value are 2**61.

    >>> low, high, weight = quantile_ranks(np.array([4.0, 0.0]), 0.25)
    >>> low.tolist()[0], high.tolist()[0], weight.tolist()[0]
    (0, 1, 0.75)
    """
    position = probability * np.maximum(n - 1, 0)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(n.astype(np.int64) - 1, 0))
    none = n < 1
    return np.where(none, 2**61, low), np.where(none, 2**61, high), position - low
