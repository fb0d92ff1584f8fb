"""Counting: from masks to the sums that every estimate of a cell is made of.

Put here: the readable reference in NumPy; integers are exact.
Keep out: anything that divides (``_estimate.py``). A faster kernel must return the same TargetCounts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant_core.counting.block_moments import BlockMoments, block_bars, moments_of_blocks
from quant_core.market_stats._hypotheses import Fingerprints
from quant_core.market_stats._panel import Outcome
from quant_core.market_stats._trades import Trades
from quant_core.targets.contract import Target

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class EventValues:
    """The outcomes of one event's bars in time order, with the slot of each under each condition.

    Kept as positions in arrays over all bars, which the events of a split share: copies would be many times larger.

    Attributes:
        parts: per split, (n,) positions, (n_conditions + 1, L) slots and (L,) outcomes of all bars.
    """

    parts: tuple[tuple[Ints, NDArray[np.integer[Any]], NDArray[np.float64]], ...]

    @property
    def values(self) -> NDArray[np.float64]:
        """(n,): the outcomes."""
        return np.concatenate([outcomes[at] for at, _, outcomes in self.parts])

    def slots(self, conditions: slice = slice(None)) -> NDArray[np.integer[Any]]:
        """(n_conditions + 1, n): the slots, of some conditions where asked for."""
        return np.hstack([codes[conditions][:, at] for at, codes, _ in self.parts])

    def __add__(self, later: EventValues) -> EventValues:
        return EventValues(self.parts + later.parts)


@dataclass(frozen=True)
class TargetCounts:
    """All cells of one target in one split; splits that do not overlap add up.

    Attributes:
        moments: arrays (n_events, n_slots).
        values: per event, the outcomes themselves; numeric targets only.
        ended, censored: (n_events, n_slots, horizon + 1): durations by length; time_to_event targets only.
        all_durations: (horizon + 1,): durations of all bars of the split by length; time_to_event only.
        trades: sums of payoffs; targets that stand for a trade only, where a cost is given.
        ties: (n_events, n_slots): bars without an outcome because the price did not move; targets that leave these out.
        prints: which bars the cells hold; where hypotheses are to be named.
    """

    target: Target
    moments: BlockMoments
    values: tuple[EventValues, ...]
    ended: Ints
    censored: Ints
    all_durations: Ints
    trades: Trades | None = None
    prints: Fingerprints | None = None
    ties: Ints | None = None

    def __add__(self, later: TargetCounts) -> TargetCounts:
        return TargetCounts(
            self.target,
            self.moments + later.moments,
            tuple(a + b for a, b in zip(self.values, later.values, strict=True)),
            self.ended + later.ended,
            self.censored + later.censored,
            self.all_durations + later.all_durations,
            None if self.trades is None or later.trades is None else self.trades + later.trades,
            None if self.prints is None or later.prints is None else self.prints + later.prints,
            None if self.ties is None or later.ties is None else self.ties + later.ties,
        )


def count_target(
    target: Target, events: NDArray[np.bool_], codes: Ints, outcome: Outcome, n_slots: int
) -> TargetCounts:
    """Count every event × slot cell of one target in one split.

    ``events`` is (n_events, L), ``codes`` (n_conditions + 1, L) with ``n_slots`` for no state.
    """
    rows = [np.flatnonzero(mask & outcome.valid) for mask in events]
    moments = [count_cells(at, codes[:, at], outcome, target.horizon, n_slots) for at in rows]
    stacked = BlockMoments(*(np.stack([getattr(m, f.name) for m in moments]) for f in fields(BlockMoments)))
    values: tuple[EventValues, ...] = ()
    ended = censored = everything = np.zeros(0, dtype=np.int64)
    if target.kind == "numeric":
        values = tuple(EventValues(((at, codes, outcome.value),)) for at in rows)
    if target.kind == "time_to_event":
        n_times = target.horizon + 1
        seen = [_durations(at[outcome.observed[at]], codes, outcome.value, n_slots, n_times) for at in rows]
        still_open = [_durations(at[~outcome.observed[at]], codes, outcome.value, n_slots, n_times) for at in rows]
        ended, censored = np.stack(seen), np.stack(still_open)
        everything = np.bincount(outcome.value[outcome.valid], minlength=n_times)
    return TargetCounts(target, stacked, values, ended, censored, everything)


def count_ties(
    events: NDArray[np.bool_], codes: NDArray[np.integer[Any]], tied: NDArray[np.bool_], n_slots: int
) -> Ints:
    """(n_events, n_slots): event bars of each slot at which the price did not move; arguments as ``count_target``."""
    counts = np.zeros((len(events), n_slots + 1), dtype=np.int64)
    where = np.flatnonzero(tied)
    slots = codes[:, where]
    for e, mask in enumerate(events[:, where]):
        counts[e] = np.bincount(slots[:, mask].ravel(), minlength=n_slots + 1)
    return counts[:, :n_slots]


def count_cells(at: Ints, slots: Ints, outcome: Outcome, horizon: int, n_slots: int) -> BlockMoments:
    """Moments of one event's cells: arrays (n_slots,).

    Args:
        at: (n,); positions of the event's bars with a valid outcome, increasing.
        slots: (n_conditions + 1, n); slot of each under each condition, ``n_slots`` for none.
        outcome: the target's outcomes over the split.
        horizon: of the target, in bars.
        n_slots: number of slots.
    """
    size = block_bars(horizon)
    n_blocks = -(-len(outcome.valid) // size)
    width = n_slots + 1
    key = (at // size) * width + slots
    y = outcome.value[at]

    def table(keys: Ints, weights: NDArray[Any] | None) -> NDArray[Any]:
        counts = np.bincount(
            keys.ravel(), weights=None if weights is None else np.tile(weights, len(slots)), minlength=n_blocks * width
        )
        return counts.reshape(n_blocks, width)[:, :n_slots]

    everywhere = np.flatnonzero(outcome.valid)
    all_y = outcome.value[everywhere]
    block = everywhere // size
    whole = np.issubdtype(y.dtype, np.integer)
    all_t = np.bincount(block, weights=all_y, minlength=n_blocks)
    t_b = table(key, y)
    squares = np.bincount(slots.ravel(), weights=np.tile(y * y, len(slots)), minlength=width)[:n_slots]
    if whole:
        # Sums of integers below 2^53 in float64 are exact; as integers they stay so.
        all_t, t_b, squares = all_t.astype(np.int64), t_b.astype(np.int64), squares.astype(np.int64)
    return moments_of_blocks(
        table(key, None),
        t_b,
        np.bincount(block, minlength=n_blocks),
        all_t,
        covered=_covered(at, slots, horizon, n_slots),
        squares=squares,
    )


def _covered(at: Ints, slots: Ints, horizon: int, n_slots: int) -> Ints:
    """Bars inside at least one window t + 1 … t + horizon of a slot's events: Σ min(horizon, gap to the next event)."""
    covered = np.zeros(n_slots + 1, dtype=np.int64)
    for state in slots:
        # Stable order groups the slots and keeps time inside each.
        order = np.argsort(state, kind="stable")
        time, slot = at[order], state[order]
        reach = np.full(len(at), horizon, dtype=np.int64)
        same = slot[1:] == slot[:-1]
        reach[:-1][same] = np.minimum(np.diff(time)[same], horizon)
        covered += np.bincount(slot, weights=reach, minlength=n_slots + 1).astype(np.int64)
    return covered[:n_slots]


def _durations(at: Ints, codes: Ints, value: Ints, n_slots: int, n_times: int) -> Ints:
    """(n_slots, n_times): how many of the bars ``at`` have each duration, per slot."""
    key = codes[:, at] * n_times + value[at]
    return np.bincount(key.ravel(), minlength=(n_slots + 1) * n_times).reshape(-1, n_times)[:n_slots]
