"""The compiled loops of the counting engine.

Put here: numba kernels over packed words; their readable reference is ``count_group_slowly`` in moments.py.
Keep out: anything that allocates results or checks arguments (moments.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, prange, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from quant_core.counting.packing import Words

Counts = NDArray[np.int64]
Sums = NDArray[np.int16]

# Sums per cell that do not depend on the target's outcome, then those that do.
CELL_SUMS = ("n", "covered", "blocks", "nn", "n_all", "all_all")
OUTCOME_SUMS = ("total", "nt", "tt", "n_total", "t_all", "t_total", "all_total", "total_total")
N, COVERED, BLOCKS, NN, N_ALL, ALL_ALL = range(6)
TOTAL, NT, TT, N_TOTAL, T_ALL, T_TOTAL, ALL_TOTAL, TOTAL_TOTAL = range(8)

TILE_WORDS = 1024
# A block's count fits 16 bits, and a tile's sum of products (block bars × tile bars) fits 32.
MAX_WORDS_PER_BLOCK = 256


def _popcount(_context: Any, word: Any) -> Any:
    """Number of set bits of a 64-bit word, as one machine instruction where the processor has it."""

    def generate(_: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


def _trailing_zeros(_context: Any, word: Any) -> Any:
    """Position of the lowest set bit of a non-zero 64-bit word."""

    def generate(_: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


popcount: Any = intrinsic(_popcount)
trailing_zeros: Any = intrinsic(_trailing_zeros)


@njit(parallel=True, cache=True)
def count_in_threads(
    events: Words,
    bins: Words,
    valid: Words,
    targets: Words,
    words_per_block: int,
    horizon: int,
    cells: Counts,
    outcomes: Counts,
    ends: Counts,
) -> None:  # pragma: no cover - compiled
    """Give every thread an equal share of the time blocks."""
    n_threads = cells.shape[0]
    n_blocks = (events.shape[1] + words_per_block - 1) // words_per_block
    for thread in prange(n_threads):
        start = n_blocks * thread // n_threads
        stop = n_blocks * (thread + 1) // n_threads
        _count_blocks(
            events, bins, valid, targets, words_per_block, horizon, start, stop,
            cells[thread], outcomes[thread], ends[thread],
        )  # fmt: skip


@njit(cache=True)
def _count_blocks(
    events: Words,
    bins: Words,
    valid: Words,
    targets: Words,
    words_per_block: int,
    horizon: int,
    start: int,
    stop: int,
    cells: Counts,
    outcomes: Counts,
    ends: Counts,
) -> None:  # pragma: no cover - compiled
    """Count the time blocks start … stop - 1, tile by tile, so that a tile's bin masks stay in the cache."""
    n_targets = targets.shape[0]
    tile_blocks = max(1, TILE_WORDS // words_per_block)
    all_n = np.zeros(tile_blocks, dtype=np.int16)
    all_total = np.zeros((n_targets, tile_blocks), dtype=np.int16)
    n = np.zeros(tile_blocks, dtype=np.int16)
    k = np.zeros(tile_blocks, dtype=np.int16)
    words = np.zeros(tile_blocks * words_per_block, dtype=np.uint64)
    for tile in range(start, stop, tile_blocks):
        size = min(stop - tile, tile_blocks)
        w0, w1 = tile * words_per_block, min((tile + size) * words_per_block, valid.size)
        _count_words(valid[w0:w1], words_per_block, all_n)
        for t in range(n_targets):
            _count_words(targets[t, w0:w1], words_per_block, all_total[t])
        for e in range(events.shape[0]):
            for b in range(bins.shape[0]):
                hits = words[: w1 - w0]
                if _intersect(events[e, w0:w1], bins[b, w0:w1], hits) == 0:
                    continue
                cells[e, b, COVERED] += _covered_by(hits, w0 * 64, horizon, ends[e, b])
                _count_words(hits, words_per_block, n)
                _add_cell(n, all_n, size, cells[e, b])
                for t in range(n_targets):
                    _count_both(hits, targets[t, w0:w1], words_per_block, k)
                    _add_outcome(n, k, all_n, all_total[t], size, outcomes[e, b, t])


@njit(cache=True)
def _intersect(left: Words, right: Words, out: Words) -> Any:  # pragma: no cover - compiled
    """AND of two masks; returns zero only where nothing is left."""
    seen = np.uint64(0)
    for w in range(left.size):
        out[w] = left[w] & right[w]
        seen |= out[w]
    return seen


@njit(cache=True)
def _count_words(words: Words, words_per_block: int, out: Sums) -> None:  # pragma: no cover - compiled
    """Set bits per block."""
    if words_per_block == 1:
        for w in range(words.size):
            out[w] = np.int16(popcount(words[w]))
    else:
        out[:] = 0
        for w in range(words.size):
            out[w // words_per_block] += np.int16(popcount(words[w]))


@njit(cache=True)
def _count_both(left: Words, right: Words, words_per_block: int, out: Sums) -> None:  # pragma: no cover - compiled
    """Bits set in both masks, per block."""
    if words_per_block == 1:
        for w in range(left.size):
            out[w] = np.int16(popcount(left[w] & right[w]))
    else:
        out[:] = 0
        for w in range(left.size):
            out[w // words_per_block] += np.int16(popcount(left[w] & right[w]))


@njit(cache=True)
def _add_cell(n: Sums, all_n: Sums, size: int, cell: Counts) -> None:  # pragma: no cover - compiled
    """Add a tile's sums that do not depend on the outcome."""
    total, blocks, nn, n_all, all_all = np.int32(0), np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    for i in range(size):
        big_n = np.int32(all_n[i]) if n[i] > 0 else np.int32(0)
        total += np.int32(n[i])
        blocks += np.int32(n[i] > 0)
        nn += np.int32(n[i]) * np.int32(n[i])
        n_all += np.int32(n[i]) * np.int32(all_n[i])
        all_all += big_n * big_n
    cell[N] += total
    cell[BLOCKS] += blocks
    cell[NN] += nn
    cell[N_ALL] += n_all
    cell[ALL_ALL] += all_all


@njit(cache=True)
def _add_outcome(
    n: Sums, k: Sums, all_n: Sums, all_total: Sums, size: int, outcome: Counts
) -> None:  # pragma: no cover - compiled
    """Add a tile's sums of one target; 16-bit factors, so that the processor multiplies many at once."""
    total, nt, tt, n_total = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    for i in range(size):
        total += np.int32(k[i])
        nt += np.int32(n[i]) * np.int32(k[i])
        tt += np.int32(k[i]) * np.int32(k[i])
        n_total += np.int32(n[i]) * np.int32(all_total[i])
    t_all, t_total, all_product, total_total = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    for i in range(size):
        big_k = all_total[i] if n[i] > 0 else np.int16(0)
        t_all += np.int32(k[i]) * np.int32(all_n[i])
        t_total += np.int32(k[i]) * np.int32(all_total[i])
        all_product += np.int32(all_n[i]) * np.int32(big_k)
        total_total += np.int32(big_k) * np.int32(big_k)
    outcome[TOTAL] += total
    outcome[NT] += nt
    outcome[TT] += tt
    outcome[N_TOTAL] += n_total
    outcome[T_ALL] += t_all
    outcome[T_TOTAL] += t_total
    outcome[ALL_TOTAL] += all_product
    outcome[TOTAL_TOTAL] += total_total


@njit(cache=True)
def _covered_by(words: Words, first_bar: int, horizon: int, ends: Counts) -> Any:  # pragma: no cover - compiled
    """Bars newly covered by the windows of the events before the last one of these words; moves ``ends`` along."""
    covered = np.int64(0)
    last = ends[1]
    for w in range(words.size):
        word = words[w]
        while word != 0:
            bar = first_bar + w * 64 + np.int64(trailing_zeros(word))
            if last < 0:
                ends[0] = bar
            else:
                covered += min(bar - last, horizon)
            last = bar
            word &= word - np.uint64(1)
    ends[1] = last
    return covered
