"""Bins of the calendar as a state.

Put here: the condition ``calendar_bin``.
Keep out: the bins themselves (dimensions/).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.conditions.contract import Condition
from quant_core.dimensions.contract import Dimension
from quant_core.dimensions.dow import Dow


@dataclass(frozen=True)
class CalendarBin(Condition):
    """The bin of a calendar dimension that the bar falls into: weekday, hour, session, turn of the month.

    Attributes:
        dimension: a block of ``dimensions/``.

    Look-ahead: none beyond that of the dimension, which reads the calendar and never a price. Missing: null where the
    dimension has no bin.
    Source: none, ours.

    Example, by hand: 2024-01-01 was a Monday; its first hour was still Sunday in New York.

    >>> CalendarBin().labels(Bars.of(close=[1])).to_list()
    ['0']
    >>> CalendarBin(dimension=Dow(zone="America/New_York")).labels(Bars.of(close=[1])).to_list()
    ['6']
    """

    dimension: Dimension = Dow()  # noqa: RUF009 (a block is a frozen value)
    replaces = (
        ("day_of_week(zone=session)", "calendar_bin(dimension=dow(zone={zone}))"),
        ("month_of_year(zone=session)", "calendar_bin(dimension=month(zone={zone}))"),
        ("hour_bin(zone=UTC)", "calendar_bin(dimension=hour(zone={zone}))"),
        (
            "turn_of_month(n_last_days=1,n_first_days=3)",
            "calendar_bin(dimension=turn_of_month(before={n_last_days},after={n_first_days}))",
        ),
        ("session(scheme=local_clocks)", "calendar_bin(dimension=city_session)"),
        ("session(scheme=utc_hours)", "calendar_bin(dimension=session(zone=utc))"),
        ("session(scheme=utc_blocks)", "calendar_bin(dimension=session_block(zone=utc))"),
    )

    @property
    def values(self) -> tuple[str, ...]:
        return self.dimension.bins

    def labels(self, bars: Bars) -> pl.Series:
        return self.dimension.labels(bars).alias(self.canonical)
