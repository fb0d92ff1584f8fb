"""The sessions of the calendar around some bars, numbered within their months.

Put here: the look-up that calendar fields need beyond the date.
Keep out: the calendars (quant_core/calendars).
"""

from __future__ import annotations

import polars as pl

from quant_core.bars import Bars


def session_days(bars: Bars) -> pl.DataFrame:
    """Every session of the months the bars touch: session_date, from_start (1, 2, …), from_end (−1, −2, …).

    Whole months, so that the numbers do not depend on where the bars begin and end.

    >>> session_days(Bars.of(close=[1.0]))["from_end"].to_list()[-2:]
    [-2, -1]
    """
    dates = bars.frame["session_date"]
    if dates.is_empty():
        return pl.DataFrame(schema={"session_date": pl.Date, "from_start": pl.Int32, "from_end": pl.Int32})
    days = bars.calendar.sessions(dates.dt.month_start()[0], dates.dt.month_end()[-1]).select("session_date")
    month = pl.col("session_date").dt.month_start()
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(month)
    return days.with_columns(from_start=place, from_end=place - pl.len().over(month).cast(pl.Int32) - 1)


def of_session(bars: Bars, column: str) -> pl.Series:
    """One column of ``session_days`` per bar; null where the calendar knows no such session.

    >>> of_session(Bars.of(close=[1.0, 2.0]), "from_start").to_list()
    [1, 1]
    """
    days = session_days(bars).select("session_date", column)
    return bars.frame.select("session_date").join(days, on="session_date", how="left", maintain_order="left")[column]
