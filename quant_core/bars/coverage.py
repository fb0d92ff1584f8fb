"""Coverage: which bars the calendar promises, which exist, and where the gaps are.

Put here: comparison of bars with their calendar.
Keep out: cleaning (quality/) and drawing (quant_pipelines.plots).
"""

from __future__ import annotations

import polars as pl

from quant_core.bars import Bars
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe


def monthly_coverage(bars: Bars) -> pl.DataFrame:
    """Count found, expected, missing and off-calendar bars per month, first to last bar.

    A bar matches by its open; D1 and W1 bars match by session date and by session week, because feeds stamp
    them differently. Intraday bars are expected on the grid that most of them have: counted from the session's open,
    or from another time such as the full hour in a market that opens at half past. The month is the month of the
    trading session.

    Args:
        bars: one symbol's bars, at any timeframe.

    Returns:
        Table ``coverage``; no row for no bars.

    Look-ahead: none of interest; a report over the whole history.
    Missing: nothing is dropped; bars off the calendar have their own count.
    Source: none, ours.

    Example, by hand: four hours of an always-open market, the third one missing.

    >>> bars = Bars.of(close=[1.0, 2.0, 3.0, 4.0])
    >>> cut = bars.with_frame(pl.concat([bars.frame[:2], bars.frame[3:]]))
    >>> monthly_coverage(cut).select("month", "n_bars", "n_expected", "n_missing", "n_off_calendar", "share").row(0)
    (datetime.date(2024, 1, 1), 3, 4, 1, 0, 0.75)
    """
    table = TABLES["coverage"]
    if len(bars) == 0:
        return table.empty()
    slots = _slots(bars)
    found, expected = pl.col("found"), pl.col("expected")
    counted = slots.group_by(pl.col("session_date").dt.month_start().alias("month")).agg(
        found.sum().cast(pl.Int64).alias("n_bars"),
        expected.sum().cast(pl.Int64).alias("n_expected"),
        (expected & ~found).sum().cast(pl.Int64).alias("n_missing"),
        (found & ~expected).sum().cast(pl.Int64).alias("n_off_calendar"),
    )
    return table.arranged(counted.sort("month"))


def gaps(bars: Bars) -> pl.DataFrame:
    """Runs of consecutive expected bars that do not exist, between the first and the last bar.

    Args:
        bars: one symbol's bars, at any timeframe.

    Returns:
        ``start``, ``end``: open of the first and last missing bar, UTC; ``n_missing``: bars; ordered by start.

    Missing: an empty frame when nothing is missing.
    Source: none, ours.

    >>> bars = Bars.of(close=[1.0] * 6)
    >>> gaps(bars.with_frame(bars.frame[[0, 3, 5]])).select("start", "n_missing").rows()
    [(datetime.datetime(2024, 1, 1, 1, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC')), 2), \
(datetime.datetime(2024, 1, 1, 4, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC')), 1)]
    """
    schema = {"start": pl.Datetime("us", "UTC"), "end": pl.Datetime("us", "UTC"), "n_missing": pl.Int64}
    if len(bars) == 0:
        return pl.DataFrame(schema=schema)
    expected = _slots(bars).filter("expected").sort("ts")
    runs = expected.with_columns(run=pl.col("found").rle_id()).filter(~pl.col("found"))
    return (
        runs.group_by("run", maintain_order=True)
        .agg(
            pl.col("ts").first().alias("start"),
            pl.col("ts").last().alias("end"),
            pl.len().cast(pl.Int64).alias("n_missing"),
        )
        .select("start", "end", "n_missing")
    )


def _slots(bars: Bars) -> pl.DataFrame:
    """One row per bar or expected bar: ts, session_date, found, expected."""
    have = bars.frame.select("ts", "session_date", slot=slot(bars.timeframe)).with_columns(found=True)
    wish = _expected(bars).with_columns(slot=slot(bars.timeframe), expected=True)
    joined = have.join(wish, on="slot", how="full", coalesce=True)
    return joined.select(
        pl.coalesce("ts", "ts_right").alias("ts"),
        pl.coalesce("session_date", "session_date_right").alias("session_date"),
        pl.col("found").fill_null(value=False),
        pl.col("expected").fill_null(value=False),
    )


def slot(timeframe: Timeframe) -> pl.Expr:
    """What two bars of one series may not share: the session of D1 bars, the ISO week of W1 bars, the open of others.

    >>> from datetime import date
    >>> monday = pl.DataFrame({"session_date": [date(2024, 1, 8), date(2024, 1, 10)]})
    >>> [monday.select(slot(t)).n_unique() for t in (Timeframe.W1, Timeframe.D1)]
    [1, 2]
    """
    if timeframe is Timeframe.W1:
        return pl.col("session_date").dt.truncate("1w")
    return pl.col("session_date") if timeframe is Timeframe.D1 else pl.col("ts")


def _grid_shift_minutes(bars: Bars) -> int:
    """How much later than its session's open most bars lie on the grid of their timeframe; 0 without a majority."""
    minutes = bars.calendar.minutes_from_open(bars.frame["ts"]) % bars.timeframe.minutes
    usual = minutes.value_counts(sort=True).row(0)
    return int(usual[0]) if 2 * usual[1] > len(minutes) and usual[0] == int(usual[0]) else 0


def _expected(bars: Bars) -> pl.DataFrame:
    """Open and session date of every bar of a gapless feed between the first and the last bar."""
    frame, calendar = bars.frame, bars.calendar
    if bars.timeframe.is_intraday:
        first, last = frame["ts"][0], frame["ts"][-1]
        opens = calendar.expected_opens(bars.timeframe, first, last, _grid_shift_minutes(bars)).alias("ts")
        return pl.DataFrame({"ts": opens, "session_date": calendar.session_date(opens).alias("session_date")})
    first, last = frame["session_date"][0], frame["session_date"][-1]
    days = calendar.sessions(first, last).select(pl.col("open").alias("ts"), "session_date")
    if bars.timeframe is Timeframe.D1:
        return days
    week = pl.col("session_date").dt.truncate("1w")
    return days.group_by(week.alias("week"), maintain_order=True).first().select("ts", "session_date")
