"""The years of a stretch of bars as each dimension counts them, and which of them are whole.

Put here: cutting bars into years and comparing each with the calendar's schedule.
Keep out: in which year a bin's bars lie (``cycle_day`` of dimensions/) and what is measured per year (stability.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import polars as pl

from quant_core.bars import Bars
from quant_core.dimensions import Dimension
from quant_core.seasonality._spans import by_cycle_days, cycle_days
from quant_core.timeframes import Timeframe

WHOLE_YEAR = 0.98
"""A year with at least this share of its sessions is whole: 5 of 252 may lack, such as holidays of a feed."""
_OVERHANG = timedelta(days=35)
"""A cycle's year may begin so long before 1 January: a turn of the month may hold all of December."""


@dataclass(frozen=True)
class Period:
    """A year of the bars, or another stretch of them that is measured by itself.

    Attributes:
        name: ``2019`` or ``half_1``.
        bars: those of the period.
        n_scheduled: sessions (weeks for weekly bars) that the calendar has in the whole year; None: not a year.
    """

    name: str
    bars: Bars
    n_scheduled: int | None = None

    @property
    def n_sessions(self) -> int:
        """Sessions (weeks for weekly bars) of the period that have a bar."""
        return self.bars.frame["session_date"].n_unique()

    @property
    def is_partial(self) -> bool | None:
        """Whether bars lack in more than 2 % of the year's sessions, at its edges or inside; None: not a year."""
        return None if self.n_scheduled is None else self.n_sessions < WHOLE_YEAR * self.n_scheduled


def years_by_dimension(bars: Bars, dimensions: Sequence[Dimension]) -> list[tuple[list[Period], tuple[Dimension, ...]]]:
    """The years of the bars, in time order, for each group of dimensions that count years alike.

    Example, by hand: 2024-12-30 and -31 are in week 1 of the ISO year 2025, of which they are 2 of 364 days.

    >>> from datetime import UTC, datetime
    >>> from quant_core.dimensions.month import Month
    >>> from quant_core.dimensions.week_of_year import WeekOfYear
    >>> bars = Bars.of(close=[1.0] * 3, start=datetime(2024, 12, 29, tzinfo=UTC), timeframe=Timeframe.D1)
    >>> for years, mine in years_by_dimension(bars, (Month(), WeekOfYear())):
    ...     print(mine[0].name, [(y.name, y.n_sessions, y.n_scheduled, y.is_partial) for y in years])
    month [('2024', 3, 366, True)]
    week_of_year [('2024', 1, 364, True), ('2025', 2, 364, True)]
    """
    if not len(bars):
        return []
    schedule = _schedule(bars)
    return [(_years(bars, days, schedule, mine[0]), tuple(mine)) for days, mine in by_cycle_days(dimensions, bars)]


def n_whole_years(bars: Bars, dimensions: Sequence[Dimension]) -> dict[Dimension, int]:
    """Number of years of the bars, as each dimension counts them, that are not partial.

    >>> from datetime import UTC, datetime
    >>> from quant_core.dimensions.month import Month
    >>> days = Bars.of(close=[1.0] * 800, start=datetime(2023, 1, 1, tzinfo=UTC), timeframe=Timeframe.D1)
    >>> [n_whole_years(days.head(n), (Month(),)) == {Month(): whole} for n, whole in ((800, 2), (300, 0), (0, 0))]
    [True, True, True]
    """
    found = dict.fromkeys(dimensions, 0)
    for years, mine in years_by_dimension(bars, dimensions):
        found.update(dict.fromkeys(mine, sum(not year.is_partial for year in years)))
    return found


def _years(bars: Bars, days: pl.Series, schedule: Bars, dimension: Dimension) -> list[Period]:
    """Cut the bars where the year of their cycle changes."""
    years = days.dt.year()
    changes = (years != years.shift(1)).fill_null(value=False).arg_true().to_list()
    planned = cycle_days(dimension, schedule).dt.year()
    return [
        Period(str(years[a]), bars.slice(a, b), int((planned == years[a]).sum()))
        for a, b in pairwise([0, *changes, len(bars)])
    ]


def _schedule(bars: Bars) -> Bars:
    """One bar per session, or per week for weekly bars, of all years that the bars touch; without prices."""
    days = bars.frame["session_date"]
    # The first bar's cycle may lie in the year before its date, the last bar's in the year after.
    first, last = date(days[0].year - 1, 1, 1) - _OVERHANG, date(days[-1].year + 1, 12, 31) + _OVERHANG
    sessions = bars.calendar.sessions(first, last).rename({"open": "ts", "close": "ts_close"})
    if bars.timeframe is Timeframe.W1:
        week = pl.col("session_date").dt.truncate("1w").alias("week")
        sessions = sessions.group_by(week, maintain_order=True).first().drop("week")
    return bars.with_frame(sessions.select("ts", "ts_close", "session_date"))
