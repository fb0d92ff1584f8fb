"""Events equal a slow reading of their definition, bar by bar, on ticks full of ties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
import talib

from quant_core.bars import Bars
from quant_core.events import Event
from quant_core.events.bearish_candle import BearishCandle
from quant_core.events.bearish_engulfing import BearishEngulfing
from quant_core.events.breakout_hhll import BreakoutHhll
from quant_core.events.bullish_candle import BullishCandle
from quant_core.events.bullish_engulfing import BullishEngulfing
from quant_core.events.ema_cross import EmaCross
from quant_core.events.gap_down import GapDown
from quant_core.events.gap_up import GapUp
from quant_core.events.inside_bar import InsideBar
from quant_core.events.k_consecutive import KConsecutive
from quant_core.events.new_high_n import NewHighN
from quant_core.events.nr7 import Nr7
from quant_core.events.outside_bar import OutsideBar
from quant_core.events.rsi_extreme import RsiExtreme
from quant_core.events.shock_atr import ShockAtr
from tests.contract.random_bars import intraday_bars

Rows = list[dict[str, Any]]
Reading = Callable[[Rows, int], bool | None]


def coarse_bars(seed: int) -> Bars:
    """Random bars on a tick so coarse that equal prices are common."""
    bars = intraday_bars(seed)
    rounded = bars.frame.with_columns((pl.col("open", "high", "low", "close") * 2).round() / 2)
    return bars.with_frame(rounded)


def true_range(rows: Rows, t: int) -> float:
    row, before = rows[t], rows[t - 1]["close"]
    return max(row["high"] - row["low"], abs(row["high"] - before), abs(row["low"] - before))


def up(row: dict[str, Any]) -> bool:
    return row["close"] > row["open"]


def down(row: dict[str, Any]) -> bool:
    return row["close"] < row["open"]


def bullish_engulfing(r: Rows, t: int) -> bool:
    return down(r[t - 1]) and up(r[t]) and r[t]["close"] >= r[t - 1]["open"] and r[t]["open"] <= r[t - 1]["close"]


def bearish_engulfing(r: Rows, t: int) -> bool:
    return up(r[t - 1]) and down(r[t]) and r[t]["close"] <= r[t - 1]["open"] and r[t]["open"] >= r[t - 1]["close"]


def nr7(r: Rows, t: int) -> bool:
    return all(r[t]["high"] - r[t]["low"] < r[t - i]["high"] - r[t - i]["low"] for i in range(1, 7))


def ema_cross_down(r: Rows, t: int) -> bool:
    # TA-Lib's averages are the oracle here, so the reading shares nothing with ours.
    close = pl.Series([row["close"] for row in r[: t + 1]], dtype=pl.Float64).to_numpy()
    fast, slow = talib.EMA(close, 2)[-2:], talib.EMA(close, 5)[-2:]
    return bool(fast[0] >= slow[0] and fast[1] < slow[1])


def rsi_overbought(r: Rows, t: int) -> bool | None:
    close = pl.Series([row["close"] for row in r[: t + 1]], dtype=pl.Float64)
    # A price that never moved has no RSI; TA-Lib says 0 there.
    return bool(talib.RSI(close.to_numpy(), 5)[-1] > 75) if close.n_unique() > 1 else None


CASES: list[tuple[Event, Reading]] = [
    (BullishCandle(), lambda r, t: up(r[t])),
    (BearishCandle(), lambda r, t: down(r[t])),
    (KConsecutive(window_bars=2, direction="down"), lambda r, t: down(r[t]) and down(r[t - 1])),
    (KConsecutive(window_bars=3), lambda r, t: up(r[t]) and up(r[t - 1]) and up(r[t - 2])),
    (BullishEngulfing(), bullish_engulfing),
    (BearishEngulfing(), bearish_engulfing),
    (GapUp(), lambda r, t: r[t]["low"] > r[t - 1]["high"]),
    (GapDown(), lambda r, t: r[t]["high"] < r[t - 1]["low"]),
    (InsideBar(), lambda r, t: r[t]["high"] < r[t - 1]["high"] and r[t]["low"] > r[t - 1]["low"]),
    (OutsideBar(), lambda r, t: r[t]["high"] > r[t - 1]["high"] and r[t]["low"] < r[t - 1]["low"]),
    (Nr7(), nr7),
    (BreakoutHhll(window_bars=4), lambda r, t: r[t]["high"] > max(x["high"] for x in r[t - 4 : t])),
    (BreakoutHhll(window_bars=4, type="ll"), lambda r, t: r[t]["low"] < min(x["low"] for x in r[t - 4 : t])),
    (NewHighN(window_bars=4), lambda r, t: r[t]["close"] > max(x["close"] for x in r[t - 4 : t])),
    (
        ShockAtr(atr_multiple=1.5, window_bars=4),
        lambda r, t: true_range(r, t) > 1.5 * sum(true_range(r, i) for i in range(t - 3, t + 1)) / 4,
    ),
    (EmaCross(fast_bars=2, slow_bars=5, direction="down"), ema_cross_down),
    (RsiExtreme(window_bars=5, side="overbought", high=75.0), rsi_overbought),
]


@pytest.mark.parametrize(("event", "reading"), CASES, ids=lambda v: str(v) if isinstance(v, Event) else "")
@pytest.mark.parametrize("make", [intraday_bars, coarse_bars])
def test_event_equals_its_definition(event: Event, reading: Reading, make: Callable[[int], Bars]) -> None:
    bars = make(6).head(600)
    rows = bars.frame.to_dicts()
    mask = event.mask(bars).to_list()
    assert mask[: event.warmup] == [None] * event.warmup
    expected = [reading(rows, t) for t in range(event.warmup, len(rows))]
    assert mask[event.warmup :] == expected


def test_every_reading_says_yes_and_no_somewhere() -> None:
    """A comparison of two series of False would prove nothing."""
    markets = [bars.frame.head(600).to_dicts() for bars in (coarse_bars(6), intraday_bars(6))]
    for event, reading in CASES:
        said = {reading(rows, t) for rows in markets for t in range(event.warmup, 600)}
        assert said - {None} == {True, False}, event
