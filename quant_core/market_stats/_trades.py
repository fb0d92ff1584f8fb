"""The trades that targets stand for, evaluated on one split.

Put here: payoffs and states per bar of a split, and both sides' sums, from either entry.
Keep out: break-even rates (``_cost.py``), the compiled sums (quant_core.counting).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.counting.block_moments import block_bars
from quant_core.counting.trades import FAILED, NO_TRADE, SUCCEEDED, UNDECIDED, TradeSums, sum_trades
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


def count_trades(
    panel: Panel, target: Target, outcome: Outcome, codes: NDArray[np.integer[Any]], span: tuple[int, int]
) -> Trades | None:
    """Sums of a target's trades in one split; None where no cost is given or no trade is meant.

    A trade counts when its window ends inside the split, also where its outcome is null.

    Raises:
        DataContractError: a payoff is NaN or infinite, or its sign contradicts the outcome.
    """
    if target not in panel.trades:
        return None
    start, stop = span
    frame = panel.trades[target].slice(start, stop - start)
    payoffs = {name: frame[name].fill_null(0.0).to_numpy() for name in PAYOFFS}
    inside = np.arange(stop - start)[::-1] >= target.horizon
    traded = frame.select(pl.all_horizontal(pl.col(PAYOFFS).is_not_null())).to_series().to_numpy() & inside
    state = np.full(stop - start, UNDECIDED)
    if target.kind == "binary":
        state = np.where(outcome.valid, np.where(outcome.value == 1, SUCCEEDED, FAILED), UNDECIDED)
    state = np.where(traded, state, NO_TRADE).astype(np.int8)
    _check(target, payoffs, state)

    def summed(names: tuple[str, str]) -> BothSides:
        mine, other = (payoffs[name] for name in names)
        add = partial(sum_trades, panel.events[:, start:stop], codes, panel.n_slots)
        first = add(mine, state, block_bars(target.horizon))
        if np.array_equal(mine, -other):
            return BothSides(first, _negated(first))
        return BothSides(first, add(other, state, block_bars(target.horizon)))

    as_meant = summed(AS_MEANT) if target.kind == "binary" else None
    # A target that means the next open has one entry only.
    is_same = as_meant is not None and all(
        np.array_equal(payoffs[a], payoffs[b]) for a, b in zip(AS_MEANT, AT_OPEN, strict=True)
    )
    return Trades(as_meant, as_meant if as_meant is not None and is_same else summed(AT_OPEN))


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
