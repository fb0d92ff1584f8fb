"""Targets equal a slow reading of their definition, bar by bar, ties and same-bar touches included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
import talib

from quant_core.bars import Bars
from quant_core.targets import Target, _outcomes
from quant_core.targets.breakout_high_first import BreakoutHighFirst
from quant_core.targets.breakout_low_first import BreakoutLowFirst
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.next_bearish import NextBearish
from quant_core.targets.next_bullish import NextBullish
from quant_core.targets.retracement import Retracement
from quant_core.targets.time_to_reversal import TimeToReversal
from quant_core.targets.time_to_touch import TimeToTouch
from quant_core.targets.touch_up_before_down import TouchUpBeforeDown
from quant_core.targets.up_next_bar import UpNextBar
from tests.contract.random_bars import intraday_bars

Rows = list[dict[str, Any]]
Answer = tuple[float | bool | None, bool]
Reading = Callable[[Rows, int], Answer]


def coarse_bars(seed: int) -> Bars:
    """Random bars on a coarse tick: unchanged closes and both levels in one bar are common."""
    bars = intraday_bars(seed).head(500)
    prices = bars.frame.with_columns((pl.col("open", "high", "low", "close") * 2).round() / 2)
    wide = prices.with_columns(pl.col("high") + pl.col("volume").fill_null(0) % 3 * 0.5)
    return with_atr(bars.with_frame(wide))


def with_atr(bars: Bars) -> Bars:
    """The same bars with TA-Lib's ATR beside the prices."""
    high, low, close = (bars.frame[name].to_numpy() for name in ("high", "low", "close"))
    return bars.with_frame(bars.frame.with_columns(atr=pl.Series(talib.ATR(high, low, close, 5))))


def whole(horizon: int, reading: Callable[[Rows, int], float | bool | None]) -> Reading:
    """A reading that is silent where the window is not complete."""
    return lambda r, t: (reading(r, t) if t + horizon < len(r) else None, True)


def first(r: Rows, t: int, horizon: int, reached: Callable[[dict[str, Any]], bool]) -> int:
    """Bars until something is reached; a large number where it is not."""
    return next((j for j in range(1, min(horizon, len(r) - 1 - t) + 1) if reached(r[t + j])), 10**9)


def broken_first(r: Rows, t: int, side: str) -> bool | None:
    if t < 3:
        return None
    top, bottom = max(x["high"] for x in r[t - 3 : t + 1]), min(x["low"] for x in r[t - 3 : t + 1])
    high, low = first(r, t, 6, lambda x: x["high"] > top), first(r, t, 6, lambda x: x["low"] < bottom)
    if high == low == 10**9:
        return None
    return high < low if side == "high" else low < high


def retracement_down(r: Rows, t: int) -> bool | None:
    if t < 4 or r[t]["close"] >= (level := min(x["low"] for x in r[t - 4 : t])):
        return None
    return first(r, t, 6, lambda x: x["high"] >= level) <= 6


def retracement_up(r: Rows, t: int) -> bool | None:
    if t < 4 or r[t]["close"] <= (level := max(x["high"] for x in r[t - 4 : t])):
        return None
    return first(r, t, 1, lambda x: x["low"] <= level) <= 1


def touch_first(r: Rows, t: int, tie: bool | None) -> bool | None:
    close, far = r[t]["close"], 0.5 * r[t]["atr"]
    if not far > 0:
        return None
    high, low = first(r, t, 6, lambda x: x["high"] >= close + far), first(r, t, 6, lambda x: x["low"] <= close - far)
    if high == low:
        return tie if high <= 6 else None
    return high < low


def time_to_touch(r: Rows, t: int, side: str) -> Answer:
    close, far, left = r[t]["close"], 2 * r[t]["atr"], min(8, len(r) - 1 - t)
    if not far > 0 or not left:
        return None, True
    high, low = first(r, t, 8, lambda x: x["high"] >= close + far), first(r, t, 8, lambda x: x["low"] <= close - far)
    j = {"up": high, "down": low, "either": min(high, low)}[side]
    return (j, True) if j <= left else (left, False)


def time_to_reversal(r: Rows, t: int) -> Answer:
    left = min(5, len(r) - 1 - t)
    if not left or r[t + 1]["close"] == r[t]["close"]:
        return None, True
    rising = r[t + 1]["close"] > r[t]["close"]
    for j in range(2, left + 1):
        step = r[t + j]["close"] - r[t + j - 1]["close"]
        if (step < 0) if rising else (step > 0):
            return j, True
    return left, False


def moves(start: Callable[[Rows, int], float], end: Callable[[Rows, int], float], sign: int) -> Callable[..., object]:
    """Whether price moves to a side, by the reading of a price that does not move."""
    return lambda r, t, tie: tie if end(r, t) == start(r, t) else sign * (end(r, t) - start(r, t)) > 0


BAR = moves(lambda r, t: r[t + 1]["open"], lambda r, t: r[t + 1]["close"], 1)
DIRECTIONS: list[tuple[type[Target], dict[str, Any], int, Callable[..., Any]]] = [
    (UpNextBar, {}, 1, moves(lambda r, t: r[t]["close"], lambda r, t: r[t + 1]["close"], 1)),
    (NextBullish, {}, 1, BAR),
    (NextBearish, {}, 1, lambda r, t, tie: tie if BAR(r, t, None) is None else not BAR(r, t, None)),
    *(
        (
            ContinuationN,
            {"horizon_bars": 3, "direction": side},
            3,
            moves(lambda r, t: r[t]["close"], lambda r, t: r[t + 3]["close"], sign),
        )
        for side, sign in (("up", 1), ("down", -1))
    ),
]
TIES = {"exclude": None, "failure": False}


CASES: list[tuple[Target, Reading]] = [
    *(
        (block(**parameters, ties=ties), whole(horizon, lambda r, t, reading=reading, tie=tie: reading(r, t, tie)))
        for block, parameters, horizon, reading in DIRECTIONS
        for ties, tie in TIES.items()
    ),
    (ForwardReturnN(horizon_bars=4), whole(4, lambda r, t: r[t + 4]["close"] / r[t]["close"] - 1)),
    (BreakoutHighFirst(window_bars=4, horizon_bars=6), whole(6, lambda r, t: broken_first(r, t, "high"))),
    (BreakoutLowFirst(window_bars=4, horizon_bars=6), whole(6, lambda r, t: broken_first(r, t, "low"))),
    (Retracement(window_bars=4, horizon_bars=1), whole(1, retracement_up)),
    (Retracement(window_bars=4, horizon_bars=6, direction="down"), whole(6, retracement_down)),
    (
        TouchUpBeforeDown(atr_multiple=0.5, window_bars=5, horizon_bars=6),
        whole(6, lambda r, t: touch_first(r, t, None)),
    ),
    (
        TouchUpBeforeDown(atr_multiple=0.5, window_bars=5, horizon_bars=6, ambiguous="loss"),
        whole(6, lambda r, t: touch_first(r, t, False)),
    ),
    *(
        (
            TimeToTouch(atr_multiple=2.0, side=side, window_bars=5, horizon_bars=8),
            lambda r, t, s=side: time_to_touch(r, t, s),
        )
        for side in ("up", "down", "either")
    ),
    (TimeToReversal(horizon_bars=5), time_to_reversal),
]


@pytest.mark.parametrize(("target", "reading"), CASES, ids=lambda v: str(v) if isinstance(v, Target) else "")
def test_target_equals_its_definition(target: Target, reading: Reading) -> None:
    said: set[float | bool | None] = set()
    for bars in (coarse_bars(7), with_atr(intraday_bars(7).head(700))):
        rows = bars.frame.to_dicts()
        expected = [reading(rows, t) for t in range(len(rows))]
        said |= {value for value, _ in expected}
        got = target.outcome(bars.with_frame(bars.frame.drop("atr"))).rows()
        for t, (have, want) in enumerate(zip(got, expected, strict=True)):
            assert have[1] == want[1], t
            assert have[0] == (None if want[0] is None else pytest.approx(want[0], abs=1e-12)), t
    assert len(said) >= 3


@pytest.mark.parametrize(("block", "parameters", "horizon", "reading"), DIRECTIONS, ids=range(len(DIRECTIONS)))
def test_ties_are_the_complete_windows_without_an_outcome(
    block: type[Target], parameters: dict[str, Any], horizon: int, reading: Callable[..., Any]
) -> None:
    bars = coarse_bars(7)
    rows = bars.frame.to_dicts()
    expected = [t + horizon < len(rows) and reading(rows, t, "tie") == "tie" for t in range(len(rows))]
    assert block(**parameters).outcome(bars)["tied"].to_list() == expected
    assert sum(expected) > 20
    assert block(**parameters, ties="failure").outcome(bars).columns == ["value", "observed"]


def test_same_bar_touches_occur_in_these_bars() -> None:
    """Otherwise the two readings of a tie would be compared nowhere."""
    bars = coarse_bars(7)
    pair = [
        TouchUpBeforeDown(atr_multiple=0.5, window_bars=5, horizon_bars=6, ambiguous=rule).outcome(bars)["value"]
        for rule in ("null", "loss")
    ]
    assert pair[0].null_count() > pair[1].null_count()


@pytest.mark.parametrize("block", [1, 7, 64, 16_384])
def test_first_step_does_not_depend_on_the_size_of_its_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_outcomes, "_BLOCK", block)
    rng = np.random.default_rng(5)
    values, levels = rng.integers(0, 9, 500).astype(float), rng.integers(3, 9, 500).astype(float)
    levels[rng.random(500) < 0.1] = np.nan
    got = _outcomes.first_step(values, levels, 12, np.greater_equal)
    for t in range(500):
        steps = [j for j in range(1, 13) if t + j < 500 and values[t + j] >= levels[t]]
        assert got[t] == (steps[0] if steps else 0), t
