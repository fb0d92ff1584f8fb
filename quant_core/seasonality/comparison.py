"""How alike the seasonal profiles of symbols are.

Put here: two symbols side by side, and the correlation matrix over all symbols.
Keep out: profiles themselves (profile.py).
"""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl

from quant_core.errors import ConfigError
from quant_core.special_functions import normal_quantile
from quant_core.tables.seasonality_comparisons import TABLE as COMPARISONS
from quant_core.tables.seasonality_correlations import TABLE as CORRELATIONS

_MIN_BINS = 3


def compare_symbols(profile_a: pl.DataFrame, profile_b: pl.DataFrame, *, confidence: float = 0.95) -> pl.DataFrame:
    """Bins that both profiles have, side by side, with the difference of their lifts.

    lift_diff = lift_a - lift_b;  interval lift_diff ± z·sqrt(se_a² + se_b²), the symbols taken as independent: for
    symbols that move together it is too wide. Rows that are ``insufficient`` in either profile are left out.

    Given:
        profile_a, profile_b: rows of ``seasonality_profiles`` of one symbol each, same timeframe, fold and split.

    Raises:
        ConfigError: a profile holds several symbols, timeframes or splits, or their timeframes differ.
    """
    names = [_only(p) for p in (profile_a, profile_b)]
    if names[0][1] != names[1][1]:
        raise ConfigError.at(
            "profiles", expected="equal timeframes", found=names, next_step="Compare profiles of one timeframe."
        )
    key = ["dimension", "bin", "bin_order", "metric", "metric_name"]
    columns = ["n", "value", "baseline", "lift", "se_lift"]
    a, b = (_sufficient(p).select(*key, *columns) for p in (profile_a, profile_b))
    both = a.rename({c: f"{c}_a" for c in columns}).join(b.rename({c: f"{c}_b" for c in columns}), on=key)
    margin = normal_quantile(0.5 + confidence / 2) * (pl.col("se_lift_a") ** 2 + pl.col("se_lift_b") ** 2).sqrt()
    rows = both.with_columns(
        symbol_a=pl.lit(names[0][0]),
        symbol_b=pl.lit(names[1][0]),
        timeframe=pl.lit(names[0][1]),
        lift_diff=pl.col("lift_a") - pl.col("lift_b"),
    ).with_columns(lift_diff_low=pl.col("lift_diff") - margin, lift_diff_high=pl.col("lift_diff") + margin)
    return COMPARISONS.validate(rows.select(list(COMPARISONS.schema)).sort(COMPARISONS.order))


def lift_correlations(profiles: pl.DataFrame, *, confidence: float = 0.95) -> pl.DataFrame:
    """Pearson correlation of the lifts of every pair of symbols, per timeframe, dimension and metric.

    Interval: Fisher's z, atanh(r) ± z/sqrt(n_bins - 3). It treats bins as independent draws and says nothing about
    the noise of each lift: with five weekdays it is as wide as it should be.

    Given:
        profiles: rows of ``seasonality_profiles`` of one fold and split, any number of symbols.

    Returns:
        The matrix in long form, both orders and the diagonal.
    """
    kinds = profiles.select("fold", "split").unique()
    if kinds.height > 1:
        raise ConfigError.at(
            "profiles", expected="one fold and split", found=kinds.rows()[:3], next_step="Filter the profiles."
        )
    parts: list[dict[str, object]] = []
    group = ["timeframe", "dimension", "metric", "metric_name"]
    for key, rows in _sufficient(profiles).drop_nulls("lift").group_by(group, maintain_order=True):
        table = rows.pivot("symbol", index="bin", values="lift")
        symbols = [c for c in table.columns if c != "bin"]
        for a, b in itertools.product(symbols, symbols):
            pair = table.select(x=a, y=b).drop_nulls()
            found = _correlation(pair["x"].to_numpy(), pair["y"].to_numpy(), same=a == b, confidence=confidence)
            parts.append(dict(zip(group, key, strict=True)) | {"symbol_a": a, "symbol_b": b} | found)
    rows = pl.DataFrame(parts, schema={n: CORRELATIONS.schema[n] for n in _COLUMN_ORDER})
    return CORRELATIONS.validate(rows.select(list(CORRELATIONS.schema)).sort(CORRELATIONS.order))


_COLUMN_ORDER = (
    "timeframe", "dimension", "metric", "metric_name", "symbol_a", "symbol_b", "n_bins", "correlation", "ci_low",
    "ci_high",
)  # fmt: skip


def _correlation(x: np.ndarray, y: np.ndarray, *, same: bool, confidence: float) -> dict[str, object]:
    """Correlation with Fisher interval; None where undefined."""
    n = len(x)
    out: dict[str, object] = {"n_bins": n, "correlation": None, "ci_low": None, "ci_high": None}
    if n < _MIN_BINS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return out
    r = 1.0 if same else float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0))
    out["correlation"] = r
    if n > _MIN_BINS and abs(r) < 1:
        margin = normal_quantile(0.5 + confidence / 2) / np.sqrt(n - 3)
        out["ci_low"], out["ci_high"] = (float(np.tanh(np.arctanh(r) + s * margin)) for s in (-1, 1))
    return out


def _sufficient(profile: pl.DataFrame) -> pl.DataFrame:
    return profile.filter(pl.col("verdict").is_null() | (pl.col("verdict") != "insufficient"))


def _only(profile: pl.DataFrame) -> tuple[str, str]:
    """Symbol and timeframe of a profile of one symbol, fold and split."""
    kinds = profile.select("symbol", "timeframe", "fold", "split").unique()
    if kinds.height != 1:
        raise ConfigError.at(
            "profile", expected="one symbol, timeframe, fold and split", found=kinds.rows()[:3], next_step="Filter it."
        )
    return str(kinds["symbol"][0]), str(kinds["timeframe"][0])
