"""The family contract of targets.

Put here: the abstract Target and the kinds of outcome.
Keep out: any particular target.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Block

TargetKind = Literal["binary", "numeric", "time_to_event"]


@dataclass(frozen=True)
class Target(Block):
    """An outcome after a bar: the value at t depends on bars t … t + horizon and on nothing beyond.

    Contract, proved for every block: bars after t + horizon never change the value at t; the last
    ``horizon`` bars are null (binary, numeric) or censored (time_to_event).
    """

    @property
    @abstractmethod
    def horizon(self) -> int:
        """Bars ahead the value depends on."""

    @property
    def kind(self) -> TargetKind:
        """``binary``: 0/1 and proportions; ``numeric``: means; ``time_to_event``: survival."""
        return "binary"

    @property
    def is_geometric(self) -> bool:
        """Whether a driftless random walk answers otherwise at some bars than at others.

        Where the levels that decide lie at other distances from the price, or volatility is another, the rate is
        another, and no edge: near its high a walk breaks the high first. Such rates are described, not tested against
        the baseline. Levels at equal distances from the price itself are no geometry: a walk reaches either first half
        the time, whatever its volatility.
        """
        return False

    @abstractmethod
    def outcome(self, bars: Bars) -> pl.DataFrame:
        """One row per bar: ``value`` (Boolean for binary, Float64 else) and ``observed`` (Boolean).

        ``value`` is null where there is no outcome. ``observed`` is False only for time_to_event rows
        whose event did not happen within the bars seen (censored at ``value`` bars); True otherwise.
        A target that leaves out prices that did not move has a third column: ``tied`` (Boolean) is True where the
        window is complete and ``value`` is null for that reason.
        """

    def trade(self, bars: Bars) -> pl.DataFrame | None:
        """What the trade that the target stands for pays before costs; None where no trade is meant.

        One row per bar with ``payoff`` (the trade in the target's direction) and ``payoff_against`` (the opposite
        trade), as fractions of the entry price; null where no trade can be entered and for the last ``horizon`` bars.
        Every entered trade has a payoff, also where ``outcome`` is null because nothing was decided. A true outcome
        pays more than 0, a false one 0 or less; of a numeric target the payoff is the value itself.
        ``payoff_at_open`` and ``payoff_against_at_open`` are those of the trades entered at the next open instead, with
        the same exits: a decision at a close can be traded there at the earliest. ``trade_between`` makes all four.

        Look-ahead: that of ``outcome``.
        """
        return None
