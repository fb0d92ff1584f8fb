"""How simulated moves become bars.

Put here: steps inside bars to open, high, low, close with times.
Keep out: where the moves come from (each world's file).
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.bars import Bars
from quant_core.calendars import calendar_of
from quant_core.errors import ConfigError
from quant_core.timeframes import Timeframe

Floats = NDArray[np.float64]

START = datetime(2000, 1, 3, tzinfo=UTC)
"""First open of every world, a Monday at midnight UTC."""
START_PRICE = 100.0
STEPS_PER_BAR = 8
_CLOCK = pl.Datetime("us", "UTC")


def unit_steps(rng: np.random.Generator, n_bars: int) -> Floats:
    """(n_bars, 8) independent normal steps; the sum of a row has variance 1.

    >>> unit_steps(np.random.default_rng(0), 3).shape
    (3, 8)
    """
    return rng.standard_normal((n_bars, STEPS_PER_BAR)) / np.sqrt(STEPS_PER_BAR)


def bars_of_steps(steps: Floats, symbol: str) -> Bars:
    """Hourly bars whose price walks through the steps; each bar opens at the last close.

    Args:
        steps: (n_bars, k) moves in units of the first price.
        symbol: name of the symbol.

    >>> bars = bars_of_steps(np.array([[0.25, -0.5], [0.0, 0.5]]), "DEMO")
    >>> bars.frame.select("open", "high", "low", "close").rows()
    [(100.0, 125.0, 75.0, 75.0), (75.0, 125.0, 75.0, 125.0)]
    """
    n_bars = len(steps)
    path = START_PRICE * (1.0 + np.cumsum(steps.ravel()).reshape(n_bars, -1))
    close = path[:, -1]
    opens = np.concatenate([[START_PRICE], close[:-1]])
    high, low = np.maximum(path.max(axis=1), opens), np.minimum(path.min(axis=1), opens)
    return bars_of_prices(opens, high, low, close, symbol)


def bars_of_prices(opens: Floats, high: Floats, low: Floats, close: Floats, symbol: str) -> Bars:
    """Hourly bars of a market that never closes.

    Raises:
        ConfigError: a price is not positive.
    """
    if not np.all(low > 0):
        raise ConfigError(
            f"World {symbol} reached a price of {low.min():.2f} within {len(low)} bars. Use fewer bars or a smaller "
            "bar_vol."
        )
    hours = START + Timeframe.H1.duration * len(close)
    ts = pl.datetime_range(START, hours, "1h", closed="left", time_zone="UTC", eager=True).cast(_CLOCK).alias("ts")
    calendar = calendar_of("always_open")
    frame = pl.DataFrame(
        {
            "ts": ts,
            "ts_close": ts.dt.offset_by("1h"),
            "open": opens,
            "high": high,
            "low": low,
            "close": close,
            "volume": np.ones(len(close)),
            "session_date": calendar.session_date(ts),
        }
    )
    return Bars(frame, symbol, Timeframe.H1, calendar)


def hour_of(n_bars: int) -> NDArray[np.int64]:
    """Hour of the day, UTC, of every bar's open.

    >>> hour_of(26)[-3:].tolist()
    [23, 0, 1]
    """
    return np.arange(n_bars, dtype=np.int64) % 24


def weekday_of(n_bars: int) -> NDArray[np.int64]:
    """Weekday, 0 = Monday, of every bar.

    >>> weekday_of(24 * 8)[[0, 23, 24, -1]].tolist()
    [0, 0, 1, 0]
    """
    return np.arange(n_bars, dtype=np.int64) // 24 % 7
