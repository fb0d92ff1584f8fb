"""Sums over the trades of many cells: payoffs per cell, and per cell and time block for the robust variance.

Put here: the sums of one side of a target's trades and the compiled loop over them.
Keep out: packed masks (moments.py) and everything that divides (estimators/, market_stats/_cost.py).

Why not popcounts: a payoff is a number, not a bit. One pass over the event bars adds eight numbers at once to each of
the bar's slots; when a time block is over, its sums are squared into the cells that it touched.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FAILED, SUCCEEDED, UNDECIDED, NO_TRADE = 0, 1, 2, 3
"""States of a bar: a trade whose outcome is false, true or null; no trade."""

# What a trade adds to its cells; eight doubles are one cache line and two vector additions.
_ADDED = ("n", "n_true", "n_false", "total", "squares", "total_true", "total_false", "padding")
_N, _TOTAL = 0, 3
_NN, _NT, _TT = range(3)
_CHUNK_BARS = 1 << 18


@dataclass(frozen=True)
class TradeSums:
    """Additive sums over the trades of every cell; sums of disjoint periods add up to those of their union.

    All are (n_events, n_slots). Per time block b: n_b trades, t_b their total payoff.

    Attributes:
        n: trades, undecided ones included.
        n_true, n_false: trades whose outcome is true, false.
        total, squares: sum of payoffs, of squared payoffs.
        total_true, total_false: sum of payoffs where the outcome is true, false.
        nn, nt, tt: Σ n_b², Σ n_b·t_b, Σ t_b².
    """

    n: Ints
    n_true: Ints
    n_false: Ints
    total: Floats
    squares: Floats
    total_true: Floats
    total_false: Floats
    nn: Ints
    nt: Floats
    tt: Floats

    def __add__(self, later: TradeSums) -> TradeSums:
        return TradeSums(*(getattr(self, f.name) + getattr(later, f.name) for f in fields(self)))


def sum_trades(
    events: NDArray[np.bool_],
    codes: NDArray[np.integer[Any]],
    n_slots: int,
    payoffs: Floats,
    state: NDArray[np.int8],
    block_bars: int,
) -> TradeSums:
    """Sum the payoffs of every event × slot cell; equal bits for any number of threads.

    Args:
        events: (n_events, L).
        codes: (n_rows, L); the slot of each bar in every row, ``n_slots`` for none.
        n_slots: number of slots.
        payoffs: (L,); finite.
        state: (L,); FAILED, SUCCEEDED, UNDECIDED or NO_TRADE.
        block_bars: length of a time block.

    Example, by hand: trades at 0, 1 and 64 pay 1, −2 and 3: Σ n_b² = 4 + 1, Σ n_b·t_b = 2·(−1) + 3, Σ t_b² = 1 + 9.

    >>> pays, codes = np.zeros(128), np.zeros((1, 128), dtype=np.int32)
    >>> pays[[0, 1, 64]] = [1.0, -2.0, 3.0]
    >>> state = np.full(128, NO_TRADE, dtype=np.int8)
    >>> state[[0, 1, 64]] = [SUCCEEDED, FAILED, UNDECIDED]
    >>> sums = sum_trades(np.ones((1, 128), dtype=np.bool_), codes, 1, pays, state, 64)
    >>> [int(x[0, 0]) for x in (sums.n, sums.n_true, sums.n_false, sums.nn)]
    [3, 1, 1, 5]
    >>> [float(x[0, 0]) for x in (sums.total, sums.squares, sums.total_true, sums.total_false, sums.nt, sums.tt)]
    [2.0, 14.0, 1.0, -2.0, 1.0, 10.0]
    """
    shape = (events.shape[0], n_slots)
    sums, squares = np.zeros((*shape, len(_ADDED))), np.zeros((*shape, 3))
    # Whole blocks per chunk: what the loop reads stays small, and the additions are the same.
    chunk = max(_CHUNK_BARS // block_bars, 1) * block_bars
    for start in range(0, len(state), chunk):
        here = slice(start, start + chunk)
        added = _added(payoffs[here], state[here])
        slots = np.ascontiguousarray(codes[:, here].T, dtype=np.int32)
        _sum_in_threads(events[:, here], slots, added, block_bars, sums, squares)
    # Counts are sums of ones: exact in float64 below 2^53.
    n, n_true, n_false = (sums[..., i].astype(np.int64) for i in range(_TOTAL))
    total, of_squares, total_true, total_false = (sums[..., i].copy() for i in range(_TOTAL, len(_ADDED) - 1))
    nn, nt, tt = (squares[..., i].copy() for i in (_NN, _NT, _TT))
    return TradeSums(n, n_true, n_false, total, of_squares, total_true, total_false, nn.astype(np.int64), nt, tt)


def _added(payoffs: Floats, state: NDArray[np.int8]) -> Floats:
    """(L, 8): what the trade of each bar adds to its cells, in the order of ``_ADDED``; zeros without a trade."""
    traded, won, lost = state != NO_TRADE, state == SUCCEEDED, state == FAILED
    x = np.where(traded, payoffs, 0.0)
    return np.stack([traded, won, lost, x, x * x, x * won, x * lost, np.zeros(len(x))], axis=1, dtype=np.float64)


@njit(parallel=True, cache=True)
def _sum_in_threads(
    events: NDArray[np.bool_], slots: NDArray[np.int32], added: Floats, block_bars: int, sums: Floats, squares: Floats
) -> None:  # pragma: no cover - compiled
    """Threads share the events: the sums of one event are added in time order by one thread."""
    for e in prange(events.shape[0]):
        _sum_event(events[e], slots, added, block_bars, sums[e], squares[e])


@njit(cache=True)
def _sum_event(
    event: NDArray[np.bool_], slots: NDArray[np.int32], added: Floats, block_bars: int, sums: Floats, squares: Floats
) -> None:  # pragma: no cover - compiled
    """Add the trades of one event, block by block."""
    n_slots = sums.shape[0]
    block = np.zeros((n_slots + 1, 8))
    for start in range(0, event.size, block_bars):
        seen = False
        for t in range(start, min(start + block_bars, event.size)):
            if event[t] and added[t, _N] > 0:
                seen = True
                for row in range(slots.shape[1]):
                    s = slots[t, row]
                    for k in range(8):
                        block[s, k] += added[t, k]
        if seen:
            for s in range(n_slots):
                n, total = block[s, _N], block[s, _TOTAL]
                if n > 0:
                    squares[s, _NN] += n * n
                    squares[s, _NT] += n * total
                    squares[s, _TT] += total * total
                    for k in range(8):
                        sums[s, k] += block[s, k]
                        block[s, k] = 0.0
