"""Counting of numeric and time-to-event targets in compiled loops: the fast twin of ``_count.py``, equal to it.

Put here: preparing a split for the loops and handing back TargetCounts.
Keep out: the loops (quant_core.counting.values) and binary targets (``_count_bits.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from quant_core.counting.block_moments import BlockMoments, block_bars
from quant_core.counting.values import VALUE_SUMS, Slots, count_durations, sum_values
from quant_core.market_stats._count import EventValues, Ints, TargetCounts
from quant_core.market_stats._panel import Outcome
from quant_core.targets.contract import Target


def count_value_target(
    target: Target,
    events: NDArray[np.bool_],
    codes: Slots,
    outcome: Outcome,
    n_slots: int,
    n_threads: int | None = None,
) -> TargetCounts:
    """Count every event × slot cell of one target that is not binary, in one split.

    Args:
        target: numeric or time_to_event.
        events: (n_events, L).
        codes: (n_conditions + 1, L); ``n_slots`` for no state.
        outcome: over the same L bars.
        n_slots: number of slots.
        n_threads: None = numba's setting. The result is the same for any number.

    Returns:
        As ``count_target``: durations and counts exactly, sums of numbers up to rounding.
    """
    rows = [np.flatnonzero(mask & outcome.valid) for mask in events]
    at = np.concatenate(rows)
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    moments = _moments(target, at, offsets, codes, outcome, n_slots, n_threads or get_num_threads())
    values: tuple[EventValues, ...] = ()
    ended = censored = everything = np.zeros(0, dtype=np.int64)
    if target.kind == "numeric":
        values = tuple(EventValues(((own, codes, outcome.value),)) for own in rows)
    else:
        n_times = target.horizon + 1
        ended, censored = count_durations(at, offsets, codes, outcome.value, outcome.observed, n_slots, n_times)
        everything = np.bincount(outcome.value[outcome.valid], minlength=n_times)
    return TargetCounts(target, moments, values, ended, censored, everything)


def _moments(
    target: Target, at: Ints, offsets: Ints, codes: Slots, outcome: Outcome, n_slots: int, n_threads: int
) -> BlockMoments:
    """The loops' sums under the names the estimators know; whole numbers stay whole."""
    size = block_bars(target.horizon)
    everywhere = np.flatnonzero(outcome.valid)
    n_blocks = -(-len(outcome.valid) // size)
    all_y = outcome.value[everywhere].astype(np.float64)
    all_n = np.bincount(everywhere // size, minlength=n_blocks).astype(np.float64)
    all_t = np.bincount(everywhere // size, weights=all_y, minlength=n_blocks).astype(np.float64)
    sums = sum_values(at, offsets, codes, outcome.value, size, target.horizon, all_n, all_t, n_slots, n_threads)
    # Sums of integers below 2^53 in float64 are exact; as integers they stay so.
    outcomes = np.int64 if np.issubdtype(outcome.value.dtype, np.integer) else np.float64
    counted = {"n", "covered", "blocks", "nn", "n_all"}
    named = {name: sums[..., i].astype(np.int64 if name in counted else outcomes) for i, name in enumerate(VALUE_SUMS)}

    def whole(x: Any, kind: type[np.int64] | type[np.float64]) -> NDArray[Any]:
        return np.full(sums.shape[:2], float(x)).astype(kind)

    return BlockMoments(
        **named,
        all_all=whole(all_n @ all_n, np.int64),
        all_total=whole(all_n @ all_t, outcomes),
        total_total=whole(all_t @ all_t, outcomes),
        all_n=whole(all_n.sum(), np.int64),
        all_sum=whole(all_t.sum(), outcomes),
    )
