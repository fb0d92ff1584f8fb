"""Counting of binary targets on packed masks: the fast twin of ``_count.py``, equal to it integer by integer.

Put here: packing a split, grouping targets that share horizon and validity, and handing back TargetCounts.
Keep out: the kernel (quant_core.counting) and numeric or time-to-event targets (``_count.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant_core.counting.block_moments import BlockMoments, block_bars
from quant_core.counting.moments import PackedGroup, count_group
from quant_core.counting.packing import WORD_BITS, Words, pack_mask, pack_masks, pack_slots
from quant_core.market_stats._count import Ints, TargetCounts
from quant_core.market_stats._panel import Outcome
from quant_core.targets.contract import Target


def count_binary_targets(
    targets: Sequence[Target],
    events: NDArray[np.bool_],
    codes: NDArray[np.integer[Any]],
    outcomes: Sequence[Outcome],
    n_slots: int,
    n_threads: int | None = None,
) -> list[TargetCounts]:
    """Count every event × slot cell of several binary targets in one split.

    Args:
        targets: binary targets, in any order.
        events: (n_events, L).
        codes: (n_conditions + 1, L); ``n_slots`` for no state.
        outcomes: one per target, over the same L bars.
        n_slots: number of slots.
        n_threads: of the kernel; None = numba's setting. The result is the same for any number.

    Returns:
        One TargetCounts per target, in the order of ``targets``; equal to ``count_target`` of each.
    """
    n_bars = events.shape[1]
    packed_events = pack_masks(list(events), n_bars)
    packed_slots = pack_slots(codes, n_slots)
    counted: dict[int, TargetCounts] = {}
    for members in _groups(targets, outcomes):
        first = outcomes[members[0]]
        horizon = targets[members[0]].horizon
        group = PackedGroup(
            valid=pack_mask(first.valid),
            outcomes=pack_masks([(outcomes[i].value == 1) & first.valid for i in members], n_bars),
            horizon=horizon,
            words_per_block=block_bars(horizon) // WORD_BITS,
        )
        cells, sums = count_group(packed_events, packed_slots, group, n_threads)
        all_n = _per_block(group.valid, group.words_per_block)
        for position, i in enumerate(members):
            all_t = _per_block(group.outcomes[position], group.words_per_block)
            counted[i] = _target_counts(targets[i], cells, sums[:, :, position], all_n, all_t)
    return [counted[i] for i in range(len(targets))]


def _groups(targets: Sequence[Target], outcomes: Sequence[Outcome]) -> list[list[int]]:
    """Indices of targets that share horizon and validity, so that their events are counted once."""
    groups: dict[tuple[int, bytes], list[int]] = {}
    for i, (target, outcome) in enumerate(zip(targets, outcomes, strict=True)):
        groups.setdefault((target.horizon, np.packbits(outcome.valid).tobytes()), []).append(i)
    return list(groups.values())


def _per_block(words: Words, words_per_block: int) -> Ints:
    """Set bits per time block."""
    bits = np.bitwise_count(words).astype(np.int64)
    return np.add.reduceat(bits, np.arange(0, len(bits), words_per_block))


def _target_counts(target: Target, cells: Ints, sums: Ints, all_n: Ints, all_t: Ints) -> TargetCounts:
    """The kernel's sums under the names the estimators know; ``all_n`` and ``all_t`` are (n_blocks,), of all bars.

    The kernel's own sums over all bars leave out the blocks without an event of the cell, so they are not used.
    """
    n, covered, blocks, nn, n_all, _ = np.moveaxis(cells, -1, 0)
    total, nt, tt, n_total, t_all, t_total, _, _ = np.moveaxis(sums, -1, 0)
    everywhere: Ints = np.ones_like(cells[..., 0])
    moments = BlockMoments(
        n=n,
        total=total,
        squares=total,
        covered=covered,
        blocks=blocks,
        nn=nn,
        nt=nt,
        tt=tt,
        n_all=n_all,
        n_total=n_total,
        t_all=t_all,
        t_total=t_total,
        all_all=(all_n * all_n).sum() * everywhere,
        all_total=(all_n * all_t).sum() * everywhere,
        total_total=(all_t * all_t).sum() * everywhere,
        all_n=all_n.sum() * everywhere,
        all_sum=all_t.sum() * everywhere,
    )
    none: Ints = np.zeros(0, dtype=np.int64)
    return TargetCounts(target, moments, (), none, none, none)
