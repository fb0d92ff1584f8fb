"""Bins of the calendar as numbers.

Put here: the feature ``calendar_value``.
Keep out: the bins themselves (dimensions/) and states made of them (conditions/calendar_bin.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.dimensions.contract import Dimension
from quant_core.dimensions.hour import Hour
from quant_core.features.contract import Feature


@dataclass(frozen=True)
class CalendarValue(Feature):
    """The bin of a calendar dimension: its number where every bin is one (hour, weekday, month), else its label.

    Attributes:
        dimension: a block of ``dimensions/``.

    Look-ahead: none beyond that of the dimension, which reads the calendar and never a price. Missing: null where the
    dimension has no bin.
    Source: none, ours.

    Example, by hand: midnight UTC in winter is 19 hours in New York.

    >>> CalendarValue().compute(Bars.of(close=[1, 2])).to_list()
    [0, 1]
    >>> CalendarValue(dimension=Hour(zone="America/New_York")).compute(Bars.of(close=[1])).to_list()
    [19]
    """

    dimension: Dimension = Hour()  # noqa: RUF009 (a block is a frozen value)
    replaces = (
        ("hour(zone=UTC)", "calendar_value(dimension=hour(zone={zone}))"),
        ("day_of_week(zone=session)", "calendar_value(dimension=dow(zone={zone}))"),
        ("day_of_month(zone=session)", "calendar_value(dimension=day_in_month(zone={zone}))"),
        ("week_of_year(zone=session)", "calendar_value(dimension=week_of_year(zone={zone}))"),
        ("month(zone=session)", "calendar_value(dimension=month(zone={zone}))"),
        ("session_label(scheme=local_clocks)", "calendar_value(dimension=city_session)"),
        ("session_label(scheme=utc_hours)", "calendar_value(dimension=session(zone=utc))"),
        ("session_label(scheme=utc_blocks)", "calendar_value(dimension=session_block(zone=utc))"),
    )

    @property
    def _counts(self) -> bool:
        return all(label.removeprefix("-").isdigit() for label in self.dimension.bins)

    @property
    def unit(self) -> str:
        return "number" if self._counts else "label"

    def compute(self, bars: Bars) -> pl.Series:
        labels = self.dimension.labels(bars)
        return (labels.cast(pl.Int32) if self._counts else labels).alias(self.canonical)
