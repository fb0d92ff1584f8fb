"""Resampling: bars of a coarser timeframe made from finer ones, session by session.

Put here: the aggregation of OHLCV bars along a calendar.
Keep out: session boundaries (calendars/), joining to a higher timeframe (higher_timeframe.py), cleaning (quality/).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from quant_core.bars import Bars
from quant_core.errors import ConfigError, DataContractError
from quant_core.timeframes import Timeframe


@dataclass(frozen=True)
class Resampled:
    """Bars of a coarser timeframe and what was counted on the way.

    Attributes:
        bars: the completed bars.
        n_partial: kept bars made from fewer source bars than the calendar expects inside a session.
        n_dropped_unfinished: bars dropped because they end after the last source bar does; 0 or 1.
        n_source_dropped: source bars inside the dropped bar.
        n_off_session: source bars that lie wholly outside sessions; they are kept in the bar they belong to.
    """

    bars: Bars
    n_partial: int
    n_dropped_unfinished: int
    n_source_dropped: int
    n_off_session: int


def resample(bars: Bars, timeframe: Timeframe) -> Resampled:
    """Aggregate bars to a coarser timeframe: first open, highest high, lowest low, last close, summed volume.

    A source bar belongs to the bin that holds its last instant (``ts_close`` − 1 µs), so a source bar across a bin's
    edge moves to the later bin and no bin ends before its data. Bins are the calendar's: intraday from the session's
    open, cut at its close; D1 = session; W1 = trading week, the ISO week of the session date. ``ts`` is the bin's
    start, whether or not a source bar starts there; ``ts_close`` its end.

    Args:
        bars: source bars, ordered by ts.
        timeframe: coarser than the source's.

    Look-ahead: none; a bar appears once a source bar closes at or after its end, and never changes after that
    (source bars of one ``ts_close`` arrive together).
    Missing rule: a bin without source bars gives no bar; volume is the sum of the known volumes, null if all are null.

    Raises:
        ConfigError: the timeframe is not coarser than the source's.
        DataContractError: the source's closes are not in order.

    Source: none, ours.

    Example: five M1 bars make one full M5 bar; three more are an unfinished one.

    >>> minutes = Bars.of(close=[5, 7, 4, 6, 8, 9, 9, 9], timeframe=Timeframe.M1)
    >>> made = resample(minutes, Timeframe.M5)
    >>> made.bars.frame.select("open", "high", "low", "close", "volume").rows()
    [(5.0, 8.0, 4.0, 8.0, 5.0)]
    >>> made.n_partial, made.n_dropped_unfinished, made.n_source_dropped
    (0, 1, 3)
    """
    if timeframe <= bars.timeframe:
        raise ConfigError.at(
            f"resampling of {bars.symbol}",
            expected=f"a timeframe coarser than {bars.timeframe.value}",
            found=timeframe.value,
            next_step="Ask for a coarser one, or load a source with finer bars.",
        )
    source = _binned(bars, timeframe)
    made = _aggregated(source)
    if made.is_empty():
        return Resampled(_as_bars(made, bars, timeframe), 0, 0, 0, 0)
    finished = made.filter(pl.col("ts_close") <= bars.frame["ts_close"][-1])
    expected = bars.calendar.n_expected(finished.select("ts", "ts_close"), bars.timeframe)
    return Resampled(
        bars=_as_bars(finished, bars, timeframe),
        n_partial=int((finished["n_in_session"] < expected).sum()),
        n_dropped_unfinished=made.height - finished.height,
        n_source_dropped=source.height - int(finished["n_source"].sum()),
        n_off_session=int((~source["in_session"]).sum()),
    )


def _binned(bars: Bars, timeframe: Timeframe) -> pl.DataFrame:
    """Source bars with the bounds of their bin, and whether the market traded during them."""
    frame, calendar = bars.frame, bars.calendar
    if not frame["ts_close"].is_sorted():
        raise DataContractError(
            f"Resampling of {bars.symbol} {bars.timeframe.value}: expected ts_close in ascending order, found a step "
            "back. Pass cleaned bars."
        )
    last_instant = frame["ts_close"] - timedelta(microseconds=1)
    bins = calendar.bins(last_instant, timeframe)
    in_session = calendar.in_session(frame["ts"]) | calendar.in_session(last_instant)
    values = frame.select("open", "high", "low", "close", "volume")
    return values.with_columns(bins["ts"], bins["ts_close"], in_session.alias("in_session"))


def _aggregated(source: pl.DataFrame) -> pl.DataFrame:
    """One row per bin, in order."""
    known_volume = pl.col("volume").sum()
    return (
        source.group_by("ts", maintain_order=True)
        .agg(
            pl.col("ts_close").first(),
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.when(pl.col("volume").count() > 0).then(known_volume).alias("volume"),
            pl.len().alias("n_source"),
            pl.col("in_session").sum().alias("n_in_session"),
        )
        .sort("ts")
    )


def _as_bars(made: pl.DataFrame, bars: Bars, timeframe: Timeframe) -> Bars:
    """The aggregated rows as bars; a weekly bar carries the date of the week's first session."""
    columns = made.select("ts", "ts_close", "open", "high", "low", "close", "volume")
    frame = columns.with_columns(bars.calendar.session_date(columns["ts"]))
    return Bars(frame, bars.symbol, timeframe, bars.calendar)
