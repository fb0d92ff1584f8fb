"""Exponential averages that start from a simple mean.

Put here: the recursion that ema, atr and rsi share.
Keep out: which series is averaged and with which weight (the features).
"""

from __future__ import annotations

import polars as pl


def seeded_average(values: pl.Series, period: int, alpha: float) -> pl.Series:
    """Exponential average seeded with the simple mean of the first ``period`` values.

    y_s = mean(x_first … x_s) at the period-th value s; then y_t = alpha·x_t + (1 − alpha)·y_{t−1}.

    Args:
        values: leading nulls allowed, none after the first value.
        period: number of values in the seed, ≥ 1.
        alpha: weight of the newest value, in (0, 1]; 2/(period+1) is an EMA, 1/period is Wilder's average.

    Returns:
        One value per input; null before the seed; all null when there are fewer than ``period`` values.

    Look-ahead: none. Missing: see Returns. Source: the seeding of TA-Lib.

    Example, by hand: the seed is (1 + 3)/2 = 2, then (6 + 2)/2 = 4; the leading null only delays it.

    >>> seeded_average(pl.Series([None, 1.0, 3.0, 6.0]), period=2, alpha=0.5).to_list()
    [None, None, 2.0, 4.0]
    """
    first = values.null_count()
    seed = first + period - 1
    if len(values) <= seed:
        return pl.Series(values.name, [None] * len(values), dtype=pl.Float64)
    head = pl.Series(values.name, [None] * seed + [values.slice(first, period).mean()], dtype=pl.Float64)
    return head.append(values.slice(seed + 1)).ewm_mean(alpha=alpha, adjust=False)
