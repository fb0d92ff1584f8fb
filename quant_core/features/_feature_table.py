"""The feature table: chosen features side by side.

Put here: putting features together.
Keep out: any particular feature.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from quant_core.bars import Bars
from quant_core.errors import ConfigError
from quant_core.features.contract import Feature
from quant_core.tables import TABLES


def compute_features(bars: Bars, features: Sequence[Feature]) -> pl.DataFrame:
    """One row per bar: ts, ts_close and one column per feature, named by its canonical id.

    Args:
        bars: one symbol at one timeframe.
        features: any number, each once.

    Returns:
        The table ``features``; null where a feature is undefined.

    Raises:
        ConfigError: a feature is listed twice.

    >>> from quant_core.features.sma import Sma
    >>> compute_features(Bars.of(close=[1, 2, 6]), [Sma(window_bars=2)]).columns
    ['ts', 'ts_close', 'sma(window_bars=2)']
    """
    names = [f.canonical for f in features]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ConfigError.at("features", expected="each feature once", found=twice, next_step="Remove the repetition.")
    table = bars.frame.select("ts", "ts_close").with_columns([f.compute(bars).alias(f.canonical) for f in features])
    return TABLES["features"].validate(table, where=f"{bars.symbol} {bars.timeframe.value}")
