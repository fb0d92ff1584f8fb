"""Simulated bars for the tests of seasonality."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.timeframes import Timeframe


def bars_from_returns(
    returns: np.ndarray,
    *,
    timeframe: Timeframe,
    start: datetime = datetime(2015, 1, 1, tzinfo=UTC),
    wick: np.ndarray | float = 0.0,
    symbol: str = "WORLD",
) -> Bars:
    """Always-open bars whose close-to-close returns are given; the first bar opens at 100.

    ``wick``: fraction added above and below the body, per bar.
    """
    close = 100 * np.cumprod(1 + returns)
    open_ = np.append(100.0, close[:-1])
    n = len(close)
    step = f"{timeframe.minutes}m"
    ts = pl.datetime_range(
        start, start.replace(year=start.year + 60), step, eager=True, time_unit="us", time_zone="UTC"
    ).head(n)
    frame = pl.DataFrame(
        {
            "ts": ts,
            "ts_close": ts.dt.offset_by(step),
            "open": open_,
            "high": np.maximum(open_, close) * (1 + wick),
            "low": np.minimum(open_, close) * (1 - wick),
            "close": close,
            "volume": np.ones(n),
            "session_date": ts.dt.date(),
        }
    )
    return Bars.of(close=[1.0], timeframe=timeframe, symbol=symbol).with_frame(frame)


def garch_returns(n: int, rng: np.random.Generator, *, pattern: np.ndarray | None = None) -> np.ndarray:
    """GARCH(1,1), Student t (5) shocks of about 0.1 % per bar, times ``pattern`` repeated in time."""
    shocks = rng.standard_t(5, n) / np.sqrt(5 / 3)
    variance, out = 1.0, np.empty(n)
    for i in range(n):
        out[i] = np.sqrt(variance) * shocks[i]
        variance = 0.02 + 0.08 * out[i] ** 2 + 0.90 * variance
    scale = 1.0 if pattern is None else np.resize(pattern, n)
    return 0.001 * scale * out
