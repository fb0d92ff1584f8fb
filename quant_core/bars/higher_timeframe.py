"""The join to a higher timeframe: at each bar, the last higher bar that is complete.

Put here: the one join every block uses to look at a coarser timeframe.
Keep out: making coarser bars (resample.py) and what is computed on them (features/, conditions/).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from quant_core.bars import Bars
from quant_core.bars.resample import resample
from quant_core.errors import ConfigError, DataContractError, UnknownNameError
from quant_core.timeframes import Timeframe


def higher_bars(bars: Bars, timeframe: Timeframe) -> Bars:
    """The same symbol's completed bars at a coarser timeframe; ``resample`` gives the counts too.

    >>> higher_bars(Bars.of(close=range(9)), Timeframe.H4).frame["close"].to_list()
    [3.0, 7.0]
    """
    return resample(bars, timeframe).bars


def join_higher(bars: Bars, higher: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """For each bar, the columns of the last higher row complete at the bar's close.

    Picks the latest row with ``higher.ts_close <= bar.ts_close``: a higher bar completed exactly at this close is
    known, one still running is not.

    Args:
        bars: the bars that look up, ordered by ts_close.
        higher: ``ts_close`` (unique, ascending) and value columns, one row per completed higher bar.
        columns: value columns to take; not ts or ts_close.

    Returns:
        ts, ts_close of the bars and the columns, one row per bar in the bars' order.

    Look-ahead: none. Missing rule: null before the first higher bar is complete; a null of the higher row stays null.

    Raises:
        UnknownNameError: a column is not in ``higher``.
        ConfigError: ts or ts_close is among the columns.
        DataContractError: either side's ts_close is out of order, null, or repeated in ``higher``.

    Source: none, ours.

    Example: H1 bars and H4 closes; the bar 03:00 closes at 04:00, as the first H4 bar does.

    >>> hours = Bars.of(close=range(9))
    >>> join_higher(hours, higher_bars(hours, Timeframe.H4).frame, ["close"])["close"].to_list()
    [None, None, None, 3.0, 3.0, 3.0, 3.0, 7.0, 7.0]
    """
    place = f"Join of {bars.symbol} {bars.timeframe.value} to a higher timeframe"
    for column in ("ts_close", *columns):
        if column not in higher.columns:
            raise UnknownNameError.among("column of the higher timeframe", column, higher.columns)
    if {"ts", "ts_close"} & set(columns):
        raise ConfigError.at(
            place,
            expected="value columns",
            found=list(columns),
            next_step="Leave ts and ts_close out: they come from the bars.",
        )
    known = higher["ts_close"]
    if known.null_count() or not known.is_sorted() or known.n_unique() != len(known):
        raise DataContractError(f"{place}: expected ts_close of the higher rows unique, ascending and without nulls.")
    if not bars.frame["ts_close"].is_sorted():
        raise DataContractError(f"{place}: expected ts_close of the bars ascending, found a step back.")
    return bars.frame.select("ts", "ts_close").join_asof(
        higher.select("ts_close", *columns), on="ts_close", strategy="backward", coalesce=True
    )
