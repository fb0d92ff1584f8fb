"""Time since the trading session opened.

Put here: the dimension ``minutes_from_session_open``.
Keep out: clocks on the wall (hour.py, half_hour.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import polars as pl
from pydantic import Field

from quant_core.bars import Bars
from quant_core.bars.schedule import by_session, sessions_around
from quant_core.dimensions.contract import DAY_MINUTES, Dimension
from quant_core.errors import ConfigError


@dataclass(frozen=True)
class MinutesFromSessionOpen(Dimension):
    """Minutes from the session's open to the bar's open, in steps; the label is the step's first minute.

    step * floor((ts - session open) / step)

    The open follows the exchange's clock, so the bins do not move with daylight saving.

    Attributes:
        step_minutes: width of a bin, 1-1440, a divisor of 1440; default 30.

    Look-ahead: none. Missing: null for bars outside the session's hours and for bars of a session or longer.
    Source: none, ours.

    Example, by hand: an always-open session starts at 00:00 UTC, so 01:00 is 60 minutes in.

    >>> MinutesFromSessionOpen().labels(Bars.of(close=[1.0, 1.0])).to_list()
    ['0', '60']
    """

    step_minutes: Annotated[int, Field(ge=1, le=DAY_MINUTES)] = 30

    def __post_init__(self) -> None:
        super().__post_init__()
        if DAY_MINUTES % self.step_minutes:
            raise ConfigError.at(
                f"{self.name}: step_minutes",
                expected="a divisor of 1440",
                found=self.step_minutes,
                next_step="Write 30, 15, 5 or 1.",
            )

    @property
    def bins(self) -> tuple[str, ...]:
        return tuple(str(m) for m in range(0, DAY_MINUTES, self.step_minutes))

    def codes(self, bars: Bars) -> pl.Series:
        if not bars.timeframe.is_intraday:
            return self._none(bars)
        table = sessions_around(bars)
        frame = bars.frame.select("ts").with_columns(
            open=by_session(bars, table, "open"), close=by_session(bars, table, "close")
        )
        step = (pl.col("ts") - pl.col("open")).dt.total_minutes() // self.step_minutes
        inside = (pl.col("ts") >= pl.col("open")) & (pl.col("ts") < pl.col("close")) & (step < len(self.bins))
        code = pl.when(inside).then(step).otherwise(None).cast(pl.Int32)
        return frame.select(code.alias(self.canonical)).to_series()
