"""Bars until the move that follows turns.

Put here: the target ``time_to_reversal``.
Keep out: whether it lasts a given time (targets/continuation_n.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.bars import Bars
from quant_core.block import Window, renamed
from quant_core.targets._outcomes import column, time_to_event
from quant_core.targets.contract import Target, TargetKind


@dataclass(frozen=True)
class TimeToReversal(Target):
    """The number of bars until a close moves against the next bar's move.

    With s_j the sign of close_{t+j} − close_{t+j−1}: the smallest j ≥ 2 with s_j = −s_1. Unchanged closes do not
    turn the move. Censored after ``horizon_bars`` bars, or where the bars end.

    Attributes:
        horizon_bars: bars after which one stops looking, ≥ 2.

    Look-ahead: at most ``horizon_bars`` bars. Missing: null where the next close is unchanged, and for the last
    bar.
    Differs from: the source system, which counts from the bar after t (one less) and drops what is censored.
    Source: none, ours.

    Example, by hand: from bar 0 price rises to 2, stays, and falls at the third bar; from bar 1 the next close is
    unchanged; from bar 2 it falls and the bars end one bar later.

    >>> TimeToReversal().outcome(Bars.of(close=[1, 2, 2, 1])).rows()
    [(3.0, True), (None, True), (1.0, False), (None, True)]
    """

    horizon_bars: Window = renamed(50, "max_horizon_bars", "max_horizon")

    @property
    def horizon(self) -> int:
        return self.horizon_bars

    @property
    def kind(self) -> TargetKind:
        return "time_to_event"

    def outcome(self, bars: Bars) -> pl.DataFrame:
        sign = np.sign(np.diff(column(bars, "close"), prepend=np.nan))
        first = np.append(sign[1:], np.nan) if len(bars) else sign
        turn_down, turn_up = _next_index(sign < 0), _next_index(sign > 0)
        turn = np.where(first > 0, turn_down, turn_up)
        steps = np.where(turn < len(bars), turn - np.arange(len(bars)), 0)
        return time_to_event(steps, np.abs(first) > 0, self.horizon_bars)


def _next_index(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The index of the first true flag after each position; the length where there is none."""
    n = len(flags)
    here = np.where(flags, np.arange(n), n)
    onward = np.minimum.accumulate(here[::-1])[::-1]
    return np.append(onward[1:], n)[:n]
