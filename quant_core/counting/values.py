"""Sums, durations and quartiles of outcomes that are numbers, for every event × slot cell in one pass.

Put here: compiled loops over the bars of events; their readable reference is ``count_target`` (market_stats/_count.py).
Keep out: 0/1 outcomes (moments.py) and estimators.

A task is one event under one condition: conditions share no slot, so tasks write apart from each other, each in time
order, and results are equal for any number of threads.
"""

# pyright: reportUntypedFunctionDecorator=false, reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Slots = NDArray[np.int32]

VALUE_SUMS = (
    "n", "total", "squares", "covered", "blocks", "nn", "nt", "tt", "n_all", "n_total", "t_all", "t_total",
)  # fmt: skip
QUARTILES = (0.25, 0.5, 0.75)


@njit(cache=True)
def _close_block(
    held: Floats, touched: Any, n_touched: Any, all_n: Any, all_total: Any, sums: Floats
) -> None:  # pragma: no cover - compiled
    """Add one finished time block to the sums of the slots it holds, and clear it."""
    for j in range(n_touched):
        slot = touched[j]
        n, t = held[slot, 0], held[slot, 1]
        row = sums[slot]
        row[0] += n
        row[1] += t
        row[4] += 1.0
        row[5] += n * n
        row[6] += n * t
        row[7] += t * t
        row[8] += n * all_n
        row[9] += n * all_total
        row[10] += t * all_n
        row[11] += t * all_total
        held[slot] = 0.0


@njit(cache=True)
def _sum_task(
    at: Any, slots: Any, value: Any, size: int, horizon: int, all_n: Floats, all_total: Floats, sums: Floats
) -> None:  # pragma: no cover - compiled
    """The sums of one event under one condition."""
    n_slots = sums.shape[0]
    held = np.zeros((n_slots, 2))
    touched = np.empty(n_slots, np.int64)
    last = np.full(n_slots, -1, np.int64)
    n_touched, block = 0, 0
    for i in range(len(at)):
        bar = at[i]
        if bar // size != block:
            _close_block(held, touched, n_touched, all_n[block], all_total[block], sums)
            n_touched, block = 0, bar // size
        slot = slots[bar]
        if slot >= n_slots:
            continue
        if held[slot, 0] == 0.0:
            touched[n_touched] = slot
            n_touched += 1
        y = float(value[bar])
        held[slot, 0] += 1.0
        held[slot, 1] += y
        sums[slot, 2] += y * y
        sums[slot, 3] += horizon if last[slot] < 0 else min(bar - last[slot], horizon)
        last[slot] = bar
    if n_touched:
        _close_block(held, touched, n_touched, all_n[block], all_total[block], sums)


@njit(cache=True, parallel=True)
def sum_values(
    at: Ints,
    offsets: Ints,
    codes: Slots,
    value: Any,
    size: int,
    horizon: int,
    all_n: Floats,
    all_total: Floats,
    n_slots: int,
    n_threads: int,
) -> Floats:  # pragma: no cover - compiled
    """(n_events, n_slots, 12): the sums that VALUE_SUMS names.

    Given:
        at, offsets: bars of all events, event after event, each in time order; (n_events + 1,) where each begins.
        codes: (n_conditions, L); slot of each bar, ``n_slots`` or more for none.
        value: (L,) outcomes.
        size, horizon: bars of a time block; bars ahead.
        all_n, all_total: (n_blocks,); outcomes of all bars per time block, and their sum.
    """
    n_conditions = codes.shape[0]
    n_tasks = (len(offsets) - 1) * n_conditions
    sums = np.zeros((len(offsets) - 1, n_slots, 12))
    for thread in prange(n_threads):
        for task in range(thread, n_tasks, n_threads):
            e, c = task // n_conditions, task % n_conditions
            own = at[offsets[e] : offsets[e + 1]]
            _sum_task(own, codes[c], value, size, horizon, all_n, all_total, sums[e])
    return sums


@njit(cache=True)
def count_durations(
    at: Ints, offsets: Ints, codes: Slots, value: Ints, observed: Any, n_slots: int, n_times: int
) -> Ints:  # pragma: no cover - compiled
    """(2, n_events, n_slots, n_times): bars with each duration that ended, and that were censored."""
    n_conditions = codes.shape[0]
    n_tasks = (len(offsets) - 1) * n_conditions
    found = np.zeros((2, len(offsets) - 1, n_slots, n_times), np.int64)
    for task in range(n_tasks):
        e, c = task // n_conditions, task % n_conditions
        for i in range(offsets[e], offsets[e + 1]):
            bar = at[i]
            slot = codes[c, bar]
            if slot < n_slots:
                found[0 if observed[bar] else 1, e, slot, value[bar]] += 1
    return found


@njit(cache=True)
def group_and_rank(
    values: Floats, slots: Any, order: Any, starts: Ints, probabilities: Floats
) -> Any:  # pragma: no cover - compiled
    """The values of one event grouped by slot in time order, and their quantiles by linear interpolation.

    Given:
        slots: (n_conditions, n); at least n_slots for none.
        order: (n,); the positions of the values from the smallest to the largest.
        starts: (n_slots + 1,); where each slot's values go.
        probabilities: increasing.

    Returns:
        (starts[-1],) grouped values, and (n_slots, n_probabilities), nan for an empty slot.
    """
    n_slots, n_ranks = len(starts) - 1, len(probabilities)
    grouped = np.empty(starts[-1])
    low, high = np.full((n_slots, n_ranks), np.nan), np.full((n_slots, n_ranks), np.nan)
    for c in range(slots.shape[0]):
        own = slots[c]
        seen = np.zeros(n_slots, np.int64)
        for i in range(len(values)):
            slot = own[i]
            if slot < n_slots:
                grouped[starts[slot] + seen[slot]] = values[i]
                seen[slot] += 1
        _pick_ranks(values, own, order, starts, probabilities, low, high)
    for slot in range(n_slots):
        last = starts[slot + 1] - starts[slot] - 1
        for k in range(n_ranks):
            position = probabilities[k] * last
            low[slot, k] += (high[slot, k] - low[slot, k]) * (position - np.floor(position))
    return grouped, low


@njit(cache=True)
def _pick_ranks(
    values: Floats, own: Any, order: Any, starts: Ints, probabilities: Floats, low: Floats, high: Floats
) -> None:  # pragma: no cover - compiled
    """Walk the values upwards and keep, per slot, those next to each quantile's position."""
    n_slots, n_ranks = len(starts) - 1, len(probabilities)
    passed = np.zeros(n_slots, np.int64)
    below = np.zeros((n_slots, n_ranks), np.int64)
    watch = np.zeros(n_slots, np.int64)
    for slot in range(n_slots):
        last = starts[slot + 1] - starts[slot] - 1
        for k in range(n_ranks):
            below[slot, k] = int(probabilities[k] * last)
    for j in range(len(order)):
        i = order[j]
        slot = own[i]
        if slot >= n_slots:
            continue
        rank = passed[slot]
        passed[slot] += 1
        # Only ranks from below[k] to below[k] + 1 matter; the first probability not passed yet is watched.
        if watch[slot] < n_ranks and rank >= below[slot, watch[slot]]:
            last = starts[slot + 1] - starts[slot] - 1
            for k in range(watch[slot], n_ranks):
                if rank == below[slot, k]:
                    low[slot, k] = values[i]
                if rank == min(below[slot, k] + 1, last):
                    high[slot, k] = values[i]
            while watch[slot] < n_ranks and rank >= min(below[slot, watch[slot]] + 1, last):
                watch[slot] += 1
