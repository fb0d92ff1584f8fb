"""Block moments of many cells at once, and the slow readable reference of the kernel that counts them.

Put here: counting of one group of targets that share horizon and validity.
Keep out: packing (packing.py), the compiled loops (_kernels.py) and estimators.

Why popcounts: a cell's number of events in 64 bars is one AND and one popcount, and a time block of the robust
variance is a whole number of words, so its sums fall out of the same pass. All sums are integers: equal for any number
of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from quant_core.counting._kernels import (
    CELL_SUMS,
    COVERED,
    MAX_WORDS_PER_BLOCK,
    OUTCOME_SUMS,
    Counts,
    count_in_threads,
)
from quant_core.counting.packing import WORD_BITS, Words


@dataclass(frozen=True)
class PackedGroup:
    """Targets that share horizon and validity, packed.

    Attributes:
        valid: (n_words,): bars whose outcome is observable inside the split.
        outcomes: (n_targets, n_words): true outcomes, a subset of ``valid``.
        horizon: bars ahead.
        words_per_block: words of one time block of the robust variance.
    """

    valid: Words
    outcomes: Words
    horizon: int
    words_per_block: int


def count_group(events: Words, bins: Words, group: PackedGroup, n_threads: int | None = None) -> tuple[Counts, Counts]:
    """Count every event × bin × target cell of a group.

    Args:
        events: (n_events, n_words) packed event masks.
        bins: (n_bins, n_words) packed bin masks; a row of all ones counts the event without condition.
        group: the targets.
        n_threads: numba threads; None = numba's setting. The result is the same for any number.

    Returns:
        Cell sums (n_events, n_bins, 6) in the order of CELL_SUMS, and outcome sums (n_events, n_bins, n_targets, 8)
        in the order of OUTCOME_SUMS. Block sums run over the blocks that hold an event of the cell.
    """
    if group.words_per_block > MAX_WORDS_PER_BLOCK:
        # The kernel's 16-bit counts and 32-bit sums would overflow; such horizons (over 4,000 bars) are rare.
        return count_group_slowly(events, bins, group)
    threads = n_threads or get_num_threads()
    shape = (threads, events.shape[0], bins.shape[0])
    cells = np.zeros((*shape, len(CELL_SUMS)), dtype=np.int64)
    outcomes = np.zeros((*shape, group.outcomes.shape[0], len(OUTCOME_SUMS)), dtype=np.int64)
    ends = np.full((*shape, 2), -1, dtype=np.int64)
    count_in_threads(
        events & group.valid,
        bins,
        group.valid,
        group.outcomes,
        group.words_per_block,
        group.horizon,
        cells,
        outcomes,
        ends,
    )
    total = cells.sum(axis=0)
    total[..., COVERED] += _covered_between_threads(ends, group.horizon)
    return total, outcomes.sum(axis=0)


def _covered_between_threads(ends: Counts, horizon: int) -> Counts:
    """Bars covered by the last window of every thread's share, cut where the next share's first event begins."""
    covered = np.zeros(ends.shape[1:3], dtype=np.int64)
    last = np.full(ends.shape[1:3], -1, dtype=np.int64)
    for first_here, last_here in zip(ends[..., 0], ends[..., 1], strict=True):
        has = first_here >= 0
        covered += np.where(has & (last >= 0), np.minimum(first_here - last, horizon), 0)
        last = np.where(has, last_here, last)
    return covered + np.where(last >= 0, horizon, 0)


def count_group_slowly(events: Words, bins: Words, group: PackedGroup) -> tuple[Counts, Counts]:
    """The readable reference of ``count_group``: the same sums from unpacked masks, cell by cell."""
    size = group.words_per_block * WORD_BITS
    valid = _unpack(group.valid)
    n_targets = group.outcomes.shape[0]
    cells = np.zeros((events.shape[0], bins.shape[0], len(CELL_SUMS)), dtype=np.int64)
    outcomes = np.zeros((events.shape[0], bins.shape[0], n_targets, len(OUTCOME_SUMS)), dtype=np.int64)
    all_n = _per_block(valid, size)
    for e, event in enumerate(events):
        for b, bin_mask in enumerate(bins):
            hit = _unpack(event) & _unpack(bin_mask) & valid
            n = _per_block(hit, size)
            has = n > 0
            gaps = np.minimum(np.diff(np.flatnonzero(hit)), group.horizon)
            covered = gaps.sum() + (group.horizon if hit.any() else 0)
            cells[e, b] = (n.sum(), covered, has.sum(), (n * n).sum(), (n * all_n).sum(), (all_n**2)[has].sum())
            for t in range(n_targets):
                true = _unpack(group.outcomes[t])
                k, big_k = _per_block(hit & true, size), _per_block(true, size)
                products = (k, n * k, k * k, n * big_k, k * all_n, k * big_k, all_n * big_k, big_k**2)
                outcomes[e, b, t] = [product[has].sum() for product in products]
    return cells, outcomes


def _unpack(words: Words) -> NDArray[np.bool_]:
    """Words back to one Boolean per bar, padding included."""
    return np.unpackbits(words.view(np.uint8), bitorder="little").astype(np.bool_)


def _per_block(mask: NDArray[np.bool_], size: int) -> Counts:
    """True bars per block of ``size`` bars; the last block may be short."""
    return np.add.reduceat(mask.astype(np.int64), np.arange(0, mask.size, size))
