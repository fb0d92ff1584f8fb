"""The features that TA-Lib has equal TA-Lib, on random bars and on real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import talib

from quant_core.bars import Bars
from quant_core.features import Feature
from quant_core.features.atr import Atr
from quant_core.features.ema import Ema
from quant_core.features.rsi import Rsi
from quant_core.features.sma import Sma
from quant_core.features.true_range import TrueRange
from tests.contract.random_bars import daily_bars, intraday_bars

Oracle = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

CASES: list[tuple[Feature, Oracle]] = [
    (TrueRange(), talib.TRANGE),
    (Atr(smoothing="simple", window_bars=5), lambda h, low, c: talib.SMA(talib.TRANGE(h, low, c), 5)),
    *((Atr(window_bars=p), lambda h, low, c, p=p: talib.ATR(h, low, c, p)) for p in (2, 14, 50)),
    *((Ema(window_bars=p), lambda h, low, c, p=p: talib.EMA(c, p)) for p in (2, 20, 200)),
    *((Sma(window_bars=p), lambda h, low, c, p=p: talib.SMA(c, p)) for p in (2, 20, 200)),
    *((Rsi(window_bars=p), lambda h, low, c, p=p: talib.RSI(c, p)) for p in (2, 14, 50)),
]


def check_equal_to_talib(feature: Feature, oracle: Oracle, bars: Bars) -> None:
    """Same nulls, and values equal to 1e-9 relative to their size."""
    ours = feature.compute(bars).fill_null(float("nan")).to_numpy()
    high, low, close = (bars.frame[name].to_numpy() for name in ("high", "low", "close"))
    np.testing.assert_allclose(ours, oracle(high, low, close), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("feature", "oracle"), CASES, ids=lambda v: str(v) if isinstance(v, Feature) else "")
@pytest.mark.parametrize("seed", range(3))
def test_feature_equals_talib_on_random_bars(feature: Feature, oracle: Oracle, seed: int) -> None:
    check_equal_to_talib(feature, oracle, intraday_bars(seed))
    check_equal_to_talib(feature, oracle, daily_bars(seed + 100))


@pytest.mark.parametrize(("feature", "oracle"), CASES, ids=lambda v: str(v) if isinstance(v, Feature) else "")
def test_feature_equals_talib_on_real_bars(feature: Feature, oracle: Oracle, shared_data: Path) -> None:
    """EURUSD, hourly, from the file that backtesting.py ships; 5,000 bars."""
    rows = pl.read_csv(shared_data / "fx" / "backtestingpy_EURUSD_h1.csv")
    assert rows.height == 5000
    prices = {name: rows[name.title()].to_list() for name in ("open", "high", "low", "close")}
    check_equal_to_talib(feature, oracle, Bars.of(**prices))


def test_a_price_that_never_moved_has_no_rsi() -> None:
    """The one place where we differ: TA-Lib gives 0, which would read as oversold."""
    flat = Bars.of(close=[5.0] * 20)
    assert talib.RSI(flat.frame["close"].to_numpy(), 14)[-1] == 0
    assert Rsi().compute(flat).null_count() == 20
