"""Places of trading sessions in their month, read from the calendar's schedule and not from the bars.

Put here: what blocks of the calendar need to know about the schedule around their bars.
Keep out: the blocks (features/, dimensions/) and the schedule itself (calendars/).

Why the schedule: "last trading day of the month" is known in advance. Counting the days present in the
data would make the unfinished month look ahead, and a hole in the data would shift every later day.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from quant_core.bars.bars import Bars


def sessions_around(bars: Bars) -> pl.DataFrame:
    """Sessions of every month that the bars touch, plus 14 days on either side.

    Columns: session_date, open, close, and what is known of the month on that date: ordinal (1 = first session of its
    month), from_end (1 = last), next_date (the following session). Sessions that were called off at short notice count
    as sessions until their date: looking back from it they never were, looking ahead they were expected.

    >>> bars = Bars.of(close=[1.0])
    >>> sessions_around(bars).filter(pl.col("session_date") == date(2024, 1, 31)).select("ordinal", "from_end").row(0)
    (31, 1)
    """
    first, last = _span(bars)
    start = first.replace(day=1) - timedelta(days=14)
    end = (last.replace(day=28) + timedelta(days=4)).replace(day=1) + timedelta(days=14)
    # Months at both ends must be whole for the ordinals, so the schedule is read from month to month.
    sessions = bars.calendar.sessions(start.replace(day=1), (end.replace(day=28) + timedelta(days=4)).replace(day=1))
    planned = bars.calendar.planned_sessions(sessions["session_date"][0], sessions["session_date"][-1])
    month = pl.col("session_date").dt.truncate("1mo")
    known = planned.sort("session_date").with_columns(
        ordinal=pl.col("took_place").cum_sum().over(month).cast(pl.Int64),
        from_end=pl.int_range(pl.len(), 0, step=-1).over(month),
        next_date=pl.col("session_date").shift(-1),
    )
    return sessions.sort("session_date").join(known.drop("took_place"), on="session_date", how="left", validate="1:1")


def _span(bars: Bars) -> tuple[date, date]:
    """First and last session date of the bars; a fixed day for no bars."""
    days = bars.frame["session_date"]
    if days.len() == 0:
        return date(2000, 1, 1), date(2000, 1, 1)
    first, last = days.min(), days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise TypeError(f"session_date of {bars.symbol} holds no date.")
    return first, last


def by_session(bars: Bars, table: pl.DataFrame, value: str) -> pl.Series:
    """A column of the schedule for each bar, by its session date; null where the date is no session."""
    days = bars.frame.select("session_date")
    return days.join(table.select("session_date", value), on="session_date", how="left", maintain_order="left")[value]
