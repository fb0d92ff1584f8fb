"""The trades that targets stand for, evaluated on one split.

Put here: payoffs and states per bar of a split, and both sides' sums, from either entry.
Keep out: break-even rates (``_cost.py``), the compiled sums (quant_core.counting).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.counting.block_moments import block_bars
from quant_core.counting.trades import FAILED, NO_TRADE, SUCCEEDED, UNDECIDED, Floats, TradeSums, sum_trades
from quant_core.errors import DataContractError
from quant_core.market_stats._panel import Outcome, Panel
from quant_core.targets.contract import Target

AS_MEANT, AT_OPEN = ("payoff", "payoff_against"), ("payoff_at_open", "payoff_against_at_open")
PAYOFFS = (*AS_MEANT, *AT_OPEN)


@dataclass(frozen=True)
class BothSides:
    """Sums of the trade in the target's direction and of the opposite one."""

    with_target: TradeSums
    against_target: TradeSums

    def __add__(self, later: BothSides) -> BothSides:
        return BothSides(self.with_target + later.with_target, self.against_target + later.against_target)


@dataclass(frozen=True)
class Trades:
    """Sums of a target's trades by where they are entered.

    Attributes:
        as_meant: from the entry that the target means; binary targets only, a numeric one's payoff is its value.
        at_open: from the next open, with the same exits.
    """

    as_meant: BothSides | None
    at_open: BothSides

    def __add__(self, later: Trades) -> Trades:
        meant = None if self.as_meant is None or later.as_meant is None else self.as_meant + later.as_meant
        return Trades(meant, self.at_open + later.at_open)


@dataclass(frozen=True)
class TradedCells:
    """The cells of one split whose trades are summed.

    Attributes:
        events: (n_events, L).
        codes: (n_rows, L); ``n_slots`` for no state.
        n_slots: number of slots.
        known: sums by what was summed: two targets with the same exits are one sum at the next open.
    """

    events: NDArray[np.bool_]
    codes: NDArray[np.integer[Any]]
    n_slots: int
    known: dict[bytes, BothSides] = field(default_factory=dict[bytes, BothSides])

    def sums(self, payoffs: Floats, against: Floats, state: NDArray[np.int8], size: int) -> BothSides:
        """Sums of both sides in time blocks of ``size`` bars."""
        key = hashlib.sha256(b"".join(x.tobytes() for x in (payoffs, against, state, np.array(size)))).digest()
        if key not in self.known:
            first = sum_trades(self.events, self.codes, self.n_slots, payoffs, state, size)
            is_mirror = np.array_equal(payoffs, -against)
            other = sum_trades(self.events, self.codes, self.n_slots, against, state, size) if not is_mirror else None
            self.known[key] = BothSides(first, other or _negated(first))
        return self.known[key]


def count_trades(panel: Panel, target: Target, outcome: Outcome, cells: TradedCells, start: int) -> Trades | None:
    """Sums of a target's trades in the split from bar ``start``; None where no cost is given or no trade is meant.

    A trade counts when its window ends inside the split, also where its outcome is null.

    Raises:
        DataContractError: a payoff is NaN or infinite, or its sign contradicts the outcome.
    """
    if target not in panel.trades:
        return None
    n_bars, size = len(outcome.valid), block_bars(target.horizon)
    frame = panel.trades[target].slice(start, n_bars)
    payoffs = {name: frame[name].fill_null(0.0).to_numpy() for name in PAYOFFS}
    inside = np.arange(n_bars)[::-1] >= target.horizon
    traded = frame.select(pl.all_horizontal(pl.col(PAYOFFS).is_not_null())).to_series().to_numpy() & inside
    outcomes = np.where(outcome.valid, np.where(outcome.value == 1, SUCCEEDED, FAILED), UNDECIDED)
    is_binary = target.kind == "binary"
    state = np.where(traded, outcomes if is_binary else UNDECIDED, NO_TRADE).astype(np.int8)
    _check(target, payoffs, state)
    meant, at_open = ((payoffs[mine], payoffs[other]) for mine, other in (AS_MEANT, AT_OPEN))
    as_meant = cells.sums(*meant, state, size) if is_binary else None
    # A target that means the next open has one entry only.
    if as_meant is not None and all(map(np.array_equal, meant, at_open)):
        return Trades(as_meant, as_meant)
    entered = np.where(traded, UNDECIDED, NO_TRADE).astype(np.int8)
    return Trades(as_meant, cells.sums(*at_open, entered, size))


def _check(target: Target, payoffs: Mapping[str, NDArray[np.float64]], state: NDArray[np.int8]) -> None:
    """A success pays more than nothing, a failure at most nothing; from the next open anything finite may come."""
    meant = payoffs["payoff"]
    wrong = ((state == SUCCEEDED) & (meant <= 0)) | ((state == FAILED) & (meant > 0))
    for payoff in payoffs.values():
        wrong |= ~np.isfinite(payoff)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise DataContractError(
            f"Target {target.canonical} pays {meant[at]} at bar {at} of the split: expected a finite number, more "
            "than 0 where the outcome is true and at most 0 where it is false. Correct its trade."
        )


def _negated(sums: TradeSums) -> TradeSums:
    """The sums of the opposite trade where it pays exactly the negative."""
    names = ("total", "total_true", "total_false", "nt")
    return replace(sums, **{name: -getattr(sums, name) for name in names})
