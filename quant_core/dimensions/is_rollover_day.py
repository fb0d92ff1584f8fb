"""The day a futures series changes its contract.

Put here: the dimension ``is_rollover_day``.
Keep out: how a continuous series is built; the contract id comes with the bars.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.dimensions.contract import DAY_MINUTES, FLAG_BINS, Cycle, Dimension


@dataclass(frozen=True)
class IsRolloverDay(Dimension):
    """1 on every bar of a session whose first bar has another contract than the first bar of the session before.

    Reads the contract from the optional column ``roll_id`` of the bars.

    Attributes: none.

    Look-ahead: none. Missing: null where the bars carry no ``roll_id``, on the first session, and for weekly bars.
    Source: ours. Differs from: the source system, which flagged one bar instead of the day.

    Example, by hand: the second day starts with another contract.

    >>> from quant_core.timeframes import Timeframe
    >>> bars = Bars.of(close=[1.0] * 3, timeframe=Timeframe.D1)
    >>> bars = bars.with_frame(bars.frame.with_columns(roll_id=pl.Series(["H4", "M4", "M4"])))
    >>> IsRolloverDay().labels(bars).to_list()
    [None, '1', '0']
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return FLAG_BINS

    @property
    def cycle(self) -> Cycle:
        return "month"

    def codes(self, bars: Bars) -> pl.Series:
        if bars.timeframe.minutes > DAY_MINUTES or "roll_id" not in bars.frame.columns:
            return self._none(bars)
        days = bars.frame.group_by("session_date", maintain_order=True).agg(pl.col("roll_id").first())
        days = days.with_columns(code=(pl.col("roll_id") != pl.col("roll_id").shift(1)).cast(pl.Int32))
        joined = bars.frame.select("session_date").join(days, on="session_date", how="left", maintain_order="left")
        return joined["code"].alias(self.canonical)
