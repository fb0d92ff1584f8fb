"""Bars of simulated worlds and small blocks for the tests of market statistics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.events.contract import Event
from quant_core.targets.contract import Target
from quant_core.timeframes import Timeframe


@dataclass(frozen=True)
class Marked(Event):
    """The bars whose volume is positive: an event that a test sets by hand."""

    def mask(self, bars: Bars) -> pl.Series:
        return bars.frame["volume"] > 0


@dataclass(frozen=True)
class Never(Event):
    """An event that happens at no bar."""

    def mask(self, bars: Bars) -> pl.Series:
        return pl.repeat(value=False, n=len(bars), eager=True)


@dataclass(frozen=True)
class Unknown(Target):
    """A binary target without any outcome."""

    @property
    def horizon(self) -> int:
        return 3

    def outcome(self, bars: Bars) -> pl.DataFrame:
        return pl.DataFrame(
            {"value": pl.repeat(None, len(bars), dtype=pl.Boolean, eager=True), "observed": [True] * len(bars)}
        )


def bars_from_returns(returns: np.ndarray, rng: np.random.Generator, volume=None) -> Bars:
    """Daily bars whose closes follow log returns; opens are the previous closes, wicks are noise."""
    close = 100 * np.exp(np.cumsum(returns))
    opens = np.concatenate([[100.0], close[:-1]])
    wick = np.abs(rng.normal(size=(2, len(close)))) * np.std(returns) * 0.5
    return Bars.of(
        open=opens,
        high=np.maximum(opens, close) * np.exp(wick[0]),
        low=np.minimum(opens, close) * np.exp(-wick[1]),
        close=close,
        volume=np.ones(len(close)) if volume is None else volume,
        start=datetime(1990, 1, 1, tzinfo=UTC),
        timeframe=Timeframe.D1,
    )


def bid_ask_bounce(n: int, rng: np.random.Generator, half_spread: float = 0.001) -> Bars:
    """A mid that nobody can predict; every open and close is a trade at its bid or its ask, by the toss of a coin.

    Source: Roll (1984).
    """
    mid = np.cumsum(rng.normal(0, half_spread / 2, (n, 2)).ravel())
    price = 100 * np.exp(mid + half_spread * rng.choice([-1.0, 1.0], 2 * n))
    opens, close = price[::2], price[1::2]
    return Bars.of(
        open=opens,
        high=np.maximum(opens, close),
        low=np.minimum(opens, close),
        close=close,
        start=datetime(1990, 1, 1, tzinfo=UTC),
        timeframe=Timeframe.D1,
    )


def random_walk(n: int, rng: np.random.Generator) -> Bars:
    """Independent normal returns."""
    return bars_from_returns(rng.normal(0, 0.01, n), rng)


def garch_t(n: int, rng: np.random.Generator) -> Bars:
    """GARCH(1,1) with Student t(5) shocks: volatility clusters, direction does not."""
    shocks = rng.standard_t(5, n) * np.sqrt(3 / 5)
    variance, returns = 1e-4, np.empty(n)
    for t in range(n):
        returns[t] = np.sqrt(variance) * shocks[t]
        variance = 1e-6 + 0.09 * returns[t] ** 2 + 0.90 * variance
    return bars_from_returns(returns, rng)
