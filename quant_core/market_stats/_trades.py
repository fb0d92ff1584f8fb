"""The trades that binary targets stand for, evaluated on one split.

Put here: payoffs and states per bar of a split, and both sides' sums.
Keep out: break-even rates (``_cost.py``), the compiled sums (quant_core.counting).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.counting.block_moments import block_bars
from quant_core.counting.trades import FAILED, NO_TRADE, SUCCEEDED, UNDECIDED, TradeSums, sum_trades
from quant_core.errors import DataContractError
from quant_core.market_stats._panel import Outcome, Panel
from quant_core.targets.contract import Target


@dataclass(frozen=True)
class BothSides:
    """Sums of the trade in the target's direction and of the opposite one."""

    with_target: TradeSums
    against_target: TradeSums

    def __add__(self, later: BothSides) -> BothSides:
        return BothSides(self.with_target + later.with_target, self.against_target + later.against_target)


def count_trades(
    panel: Panel, target: Target, outcome: Outcome, codes: NDArray[np.integer[Any]], span: tuple[int, int]
) -> BothSides | None:
    """Sums of a binary target's trades in one split; None where no cost is given or no trade is meant.

    A trade counts when its window ends inside the split, also where its outcome is null.

    Raises:
        DataContractError: a payoff is NaN or infinite, or its sign contradicts the outcome.
    """
    if target.kind != "binary" or target not in panel.trades:
        return None
    start, stop = span
    frame = panel.trades[target].slice(start, stop - start)
    payoffs = [frame[name].fill_null(0.0).to_numpy() for name in ("payoff", "payoff_against")]
    inside = np.arange(stop - start)[::-1] >= target.horizon
    traded = frame.select(pl.all_horizontal(pl.all().is_not_null())).to_series().to_numpy() & inside
    state = np.where(outcome.valid, np.where(outcome.value == 1, SUCCEEDED, FAILED), UNDECIDED)
    state = np.where(traded, state, NO_TRADE).astype(np.int8)
    _check(target, payoffs[0], state)
    events = panel.events[:, start:stop]
    size = block_bars(target.horizon)
    first = sum_trades(events, codes, panel.n_slots, payoffs[0], state, size)
    if np.array_equal(payoffs[0], -payoffs[1]):
        return BothSides(first, _negated(first))
    return BothSides(first, sum_trades(events, codes, panel.n_slots, payoffs[1], state, size))


def _check(target: Target, payoff: NDArray[np.float64], state: NDArray[np.int8]) -> None:
    """A success pays more than nothing, a failure at most nothing."""
    wrong = ((state == SUCCEEDED) & (payoff <= 0)) | ((state == FAILED) & (payoff > 0)) | ~np.isfinite(payoff)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise DataContractError(
            f"Target {target.canonical} pays {payoff[at]} at bar {at} of the split: expected a finite number, more "
            "than 0 where the outcome is true and at most 0 where it is false. Correct its trade."
        )


def _negated(sums: TradeSums) -> TradeSums:
    """The sums of the opposite trade where it pays exactly the negative."""
    names = ("total", "total_true", "total_false", "nt")
    return replace(sums, **{name: -getattr(sums, name) for name in names})
