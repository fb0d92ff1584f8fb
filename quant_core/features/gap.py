"""Gaps: the jump from the last close to the next open.

Put here: the feature ``gap``.
Keep out: bars whose whole range lies beyond the previous one (events/gap_up.py, events/gap_down.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class Gap(Feature):
    """The open relative to the close before it, as a fraction.

    gap = open / previous close − 1

    Attributes:
        across: ``sessions``: the session's first open against the last close of the session before,
            on every bar of the session (it is known since the first); ``bars``: each open against the close before.

    Look-ahead: none. Missing: null for the first bar (``sessions``: the first session) and after a close that
    is not positive.
    Source: none, ours.

    Example, by hand: the second day opens at 11 after a close of 10, a gap of 10 %, held all day.

    >>> from datetime import UTC, datetime
    >>> late = datetime(2024, 1, 1, 23, tzinfo=UTC)
    >>> bars = Bars.of(open=[8, 11, 12], close=[10, 12, 12], start=late)
    >>> [v and round(v, 4) for v in Gap().compute(bars).to_list()]
    [None, 0.1, 0.1]
    >>> [None if v is None else round(v, 4) for v in Gap(across="bars").compute(bars).to_list()]
    [None, 0.1, 0.0]
    """

    across: Literal["sessions", "bars"] = "sessions"

    @property
    def warmup(self) -> int:
        return 1

    @property
    def unit(self) -> str:
        return "fraction"

    def compute(self, bars: Bars) -> pl.Series:
        previous = pl.col("close").shift(1)
        jump = pl.when(previous > 0).then(pl.col("open") / previous - 1)
        jumps = bars.frame.select("session_date", jump.alias(self.canonical))
        if self.across == "sessions":
            # In a step of its own: inside over() the previous close would be looked up within the session.
            jumps = jumps.with_columns(pl.col(self.canonical).first().over("session_date"))
        return jumps[self.canonical]
