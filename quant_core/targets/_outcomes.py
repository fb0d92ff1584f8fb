"""The frames that targets return.

Put here: building value and observed from raw results.
Keep out: the outcomes themselves (one file each).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.bars import Bars

Ties = Literal["exclude", "failure"]
"""What an unchanged price is: no outcome, or a False one."""


def known_outcome(value: pl.Series, horizon: int) -> pl.DataFrame:
    """Binary or numeric values, null for the last ``horizon`` bars, whose outcome window is not complete.

    Also where the outcome is already decided: keeping only the early ones would favor quick outcomes.

    >>> known_outcome(pl.Series([True, False, True]), 1).rows()
    [(True, True), (False, True), (None, True)]
    """
    n = len(value)
    tail = pl.Series([None] * min(horizon, n), dtype=value.dtype)
    kept = value.head(n - len(tail)).append(tail).alias("value")
    return pl.DataFrame({"value": kept, "observed": pl.Series([True] * n, dtype=pl.Boolean)})


def direction_of_move(
    bars: Bars, start: pl.Expr, end: pl.Expr, direction: Literal["up", "down"], horizon: int, ties: Ties
) -> pl.DataFrame:
    """Whether price moves to a side from one price to another; where it does not move there may be no outcome.

    Args:
        bars: the market.
        start: price per bar at which the move begins.
        end: price per bar at which it ends.
        direction: the side that is True.
        horizon: bars ahead.
        ties: ``exclude``: an unchanged price is no outcome; ``failure``: it is False.

    Returns:
        value and observed, and with ``exclude`` also tied: True where the window is complete and the price unchanged.

    Example, by hand: up, unchanged, then no next bar.

    >>> bars, close = Bars.of(close=[1, 2, 2]), pl.col("close")
    >>> direction_of_move(bars, close, close.shift(-1), "up", 1, "exclude").rows()
    [(True, True, False), (None, True, True), (None, True, False)]
    >>> direction_of_move(bars, close, close.shift(-1), "up", 1, "failure").rows()
    [(True, True), (False, True), (None, True)]
    """
    moved = end > start if direction == "up" else end < start
    frame = bars.frame.select(moved.alias("moved"), (end == start).alias("tied"))
    if ties == "failure":
        return known_outcome(frame["moved"], horizon)
    value = frame.select(pl.when(~pl.col("tied")).then("moved")).to_series()
    return known_outcome(value, horizon).with_columns(
        tied=known_outcome(frame["tied"], horizon)["value"].fill_null(value=False)
    )


def time_to_event(steps: NDArray[np.int64], defined: NDArray[np.bool_], horizon: int) -> pl.DataFrame:
    """Bars until an event, censored at the horizon or where the bars end.

    Args:
        steps: (n,); bars until the event, 0 where it was not seen.
        defined: (n,); False where the question makes no sense (value null).
        horizon: bars after which one stops looking, ≥ 1.

    Returns:
        value: bars, ≥ 1; null where not defined and on the last bar. observed: False where censored.

    >>> time_to_event(np.array([2, 0, 0, 0]), np.array([True, True, True, True]), 2).rows()
    [(2.0, True), (2.0, False), (1.0, False), (None, True)]
    """
    n = len(steps)
    seen = np.minimum(horizon, np.arange(n - 1, -1, -1))
    happened = (steps > 0) & (steps <= horizon)
    defined = defined & (seen > 0)
    raw = pl.DataFrame({"bars": np.where(happened, steps, seen), "defined": defined, "observed": happened | ~defined})
    value = pl.when(pl.col("defined")).then(pl.col("bars").cast(pl.Float64))
    return raw.select(value.alias("value"), "observed")


def first_step(
    values: NDArray[np.float64], levels: NDArray[np.float64], horizon: int, beyond: np.ufunc
) -> NDArray[np.int64]:
    """The smallest j in 1 … horizon with ``beyond(values[t + j], levels[t])``; 0 where there is none.

    Args:
        values: (n,); what moves, for example highs.
        levels: (n,); what it must reach, per bar; NaN is never reached.
        horizon: bars, ≥ 1.
        beyond: np.greater, np.greater_equal, np.less or np.less_equal.

    Example, by hand: from level 2 at bar 0, the 3 of bar 2 is the first above; from bar 1 (level 3) nothing is.

    >>> first_step(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 3.0]), 2, np.greater).tolist()
    [2, 0, 0]
    """
    n = len(values)
    steps = np.zeros(n, dtype=np.int64)
    # Blocks that stay in the cache: the horizon is swept once per block, from far to near, so that near wins.
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        for j in range(min(horizon, n - 1 - start), 0, -1):
            last = min(stop, n - j)
            reached = beyond(values[start + j : last + j], levels[start:last])
            np.putmask(steps[start:last], reached, j)
    return steps


_BLOCK = 16_384


def column(bars: Bars, name: str) -> NDArray[np.float64]:
    """A price column of the bars as an array.

    >>> column(Bars.of(close=[1, 2]), "close").tolist()
    [1.0, 2.0]
    """
    return bars.frame[name].to_numpy()


def with_nan(values: pl.Series) -> NDArray[np.float64]:
    """A series as an array with NaN for null.

    >>> with_nan(pl.Series([1.0, None])).tolist()
    [1.0, nan]
    """
    return values.fill_null(float("nan")).to_numpy()
