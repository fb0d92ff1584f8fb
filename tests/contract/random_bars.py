"""Seeded random bars that look like a market: bursts of volatility, gaps, ticks, flat bars, missing volume."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.calendars import calendar_of
from quant_core.timeframes import Timeframe

TICK = 0.01


def _garch_returns(n: int, rng: np.random.Generator) -> np.ndarray:
    """GARCH(1,1) returns with Student-t shocks: volatility comes in bursts."""
    shocks = rng.standard_t(5, n) * np.sqrt(3 / 5)
    variance, returns = 1.0, np.empty(n)
    for i in range(n):
        returns[i] = np.sqrt(variance) * shocks[i]
        variance = 0.05 + 0.10 * returns[i] ** 2 + 0.85 * variance
    return returns * 0.002


def ohlcv(n: int, seed: int) -> pl.DataFrame:
    """Rows of prices on a tick, some of them flat, some opening with a gap, some without volume."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(_garch_returns(n, rng)))
    gaps = np.where(rng.random(n) < 0.05, rng.normal(0, 0.006, n), 0.0)
    opens = np.r_[100.0, close[:-1]] * np.exp(gaps)
    flat = rng.random(n) < 0.02
    opens = np.where(flat, close, opens)
    wick = np.where(flat, 0.0, 1.0) * 0.0015 * close
    high = np.maximum(opens, close) + wick * rng.exponential(1, n)
    low = np.minimum(opens, close) - wick * rng.exponential(1, n)
    volume = np.where(rng.random(n) < 0.05, 0.0, rng.lognormal(5, 1, n).round())
    prices = {"open": opens, "high": high, "low": low, "close": close}
    frame = pl.DataFrame({name: (p / TICK).round() * TICK for name, p in prices.items()})
    missing = pl.Series(rng.random(n) < 0.01)
    return frame.with_columns(volume=pl.when(~missing).then(pl.Series(volume)))


def intraday_bars(seed: int = 1) -> Bars:
    """Half-hour bars of a 24/5 market across a clock change, with 3 % of them missing."""
    calendar = calendar_of("fx_24_5")
    start, end = datetime(2024, 2, 12, tzinfo=UTC), datetime(2024, 4, 5, tzinfo=UTC)
    ts = calendar.expected_opens(Timeframe.M30, start, end).alias("ts")
    keep = pl.Series(np.random.default_rng(seed).random(len(ts)) > 0.03)
    ts = ts.filter(keep)
    times = pl.DataFrame({"ts": ts, "ts_close": ts.dt.offset_by("30m")})
    frame = times.hstack(ohlcv(len(ts), seed)).with_columns(calendar.session_date(ts).alias("session_date"))
    return Bars(frame, "RANDOMFX", Timeframe.M30, calendar)


def daily_bars(seed: int = 2) -> Bars:
    """Two and a half years of New York sessions."""
    calendar = calendar_of("XNYS")
    days = calendar.sessions(date(2021, 1, 4), date(2023, 6, 30))
    times = days.select(ts="open", ts_close="close")
    prices = ohlcv(days.height, seed).hstack(days.select("session_date"))
    return Bars(times.hstack(prices), "RANDOMEQ", Timeframe.D1, calendar)


def altered_from(bars: Bars, cut: int, seed: int = 9) -> Bars:
    """The same bars up to position ``cut``, another market after it, with every third bar missing there."""
    frame, n = bars.frame, len(bars)
    other = ohlcv(n, seed).with_columns(pl.col("open", "high", "low", "close") * 1.7)
    later = pl.int_range(n, eager=True) >= cut
    mixed = frame.with_columns(
        pl.when(later).then(other[name]).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close", "volume")
    )
    return bars.with_frame(mixed.filter(~(later & (pl.int_range(n, eager=True) % 3 == 0))))
