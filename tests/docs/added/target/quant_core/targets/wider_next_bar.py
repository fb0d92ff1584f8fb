"""Whether the next bar has the wider range.

Put here: the target ``wider_next_bar``.
Keep out: directions (up_next_bar.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.targets._outcomes import known_outcome
from quant_core.targets.contract import Target


@dataclass(frozen=True)
class WiderNextBar(Target):
    """True when high − low of the next bar exceeds this bar's; equality is a failure. No trade stands for it.

    Look-ahead: exactly 1 bar. Missing: null for the last bar.
    Source: none, ours.

    Example, by hand: ranges 1, 2, 2, then no next bar.

    >>> WiderNextBar().outcome(Bars.of(high=[2, 3, 3], low=[1, 1, 1], close=[1, 2, 2]))["value"].to_list()
    [True, False, None]
    """

    @property
    def horizon(self) -> int:
        return 1

    def outcome(self, bars: Bars) -> pl.DataFrame:
        width = pl.col("high") - pl.col("low")
        return known_outcome(bars.frame.select((width.shift(-1) > width).alias("value")).to_series(), self.horizon)
