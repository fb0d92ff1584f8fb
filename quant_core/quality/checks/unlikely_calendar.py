"""Bars of a market that rests on weekends, on a calendar that never does.

Put here: the check ``unlikely_calendar``.
Keep out: bars that a likely calendar does not expect or misses (off_calendar.py, gap.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules
from quant_core.timeframes import Timeframe

_SATURDAY = 2  # 1970-01-03, in days since 1970
_MIN_WEEKENDS = 2


@dataclass(frozen=True)
class UnlikelyCalendar(QualityCheck):
    """The calendar trades on Saturdays, and no Saturday between the first and the last bar has a bar.

    Marks the first bar after each Saturday without one. Needs two Saturdays at least; W1 bars say nothing.
    Undeclared, the calendar is ``always_open``: then a week counts as complete only on Sunday, every weekend is a
    gap, and a year has too many bars.

    Look-ahead: none of interest; a report over the whole history. Missing: that is what it looks at.
    Source: none, ours.

    Example, by hand: daily bars of three weeks from Monday, without weekends.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> days = [date(2024, 1, d) for d in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15)]
    >>> ts = pl.Series(days).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").to_list()
    >>> rows = checked(example_rows(ts=ts), timeframe=Timeframe.D1)
    >>> UnlikelyCalendar().find(rows).mask.arg_true().to_list()
    [5, 10]
    """

    @property
    def phase(self) -> Phase:
        return "series"

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return (
            "The calendar trades on weekends, but no bar lies on a Saturday: declare the market's calendar (fx_24_5, "
            "or an exchange's code such as XNYS). Until then weeks complete too late and weekends count as gaps."
        )

    def find(self, rows: CheckedRows) -> Finding:
        nothing = Finding(rows.mask(pl.lit(value=False).repeat_by(pl.len()).explode()))
        if rows.timeframe is Timeframe.W1 or rows.frame.is_empty() or not _trades_on_saturday(rows):
            return nothing
        weeks = (pl.col("ts").dt.date().to_physical() - _SATURDAY) // 7  # weeks that begin on Saturday
        days = rows.frame.select(week=weeks, weekday=pl.col("ts").dt.weekday())
        mask = days.select((pl.col("week") != pl.col("week").shift(1)).fill_null(value=False)).to_series()
        if (days["weekday"] == 6).any() or mask.sum() < _MIN_WEEKENDS:
            return nothing
        return Finding(mask.rename("found"), example=_proposal(rows.frame["ts"]))


def _trades_on_saturday(rows: CheckedRows) -> bool:
    """True where the calendar has a session on the Saturday after the first bar."""
    first: date = rows.frame["session_date"][0]
    saturday = first + timedelta(days=(5 - first.weekday()) % 7)
    return rows.calendar.sessions(saturday, saturday).height == 1


def _proposal(ts: pl.Series) -> str:
    """The kind of calendar that fits, by the weekdays that have no bar."""
    days = ts.dt.date().unique().sort()
    weekdays = pl.date_range(days[0], days[-1], "1d", eager=True)
    absent = weekdays.filter((weekdays.dt.weekday() <= 5) & ~weekdays.is_in(days.implode()))
    if absent.is_empty():
        return "no weekday is missing: calendar: fx_24_5 fits"
    return f"{len(absent)} weekdays are missing too, first {absent[0]}: calendar: the exchange's code, such as XNYS"
