"""Price sets: plain, bid/ask or adjusted columns → one open, high, low, close, volume.

Put here: mid prices, adjusted prices, the declared scale, and what is counted on the way.
Keep out: parsing of single numbers (numbers.py) and judging prices (quality checks).
"""

from __future__ import annotations

from typing import Any

import polars as pl

from quant_core.ingestion.columns import ADJUSTED, BID_ASK, PRICES
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.numbers import scale_prices


def combine_prices(numbers: pl.DataFrame, dialect: Dialect) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The columns open, high, low, close, volume, and counts for people to see.

    Bid and ask give their mean, column by column. Adjusted columns are taken as they are; where only an
    adjusted close exists, open, high and low are multiplied by adjusted close / close.

    Missing: a missing part makes the price missing; no volume column makes volume null.

    >>> quotes = {f"{s}_{p}": [v] for s, v in (("bid", 1.0), ("ask", 3.0)) for p in PRICES}
    >>> prices, counts = combine_prices(pl.DataFrame(quotes), Dialect())
    >>> prices.row(0), counts
    ((2.0, 2.0, 2.0, 2.0, None), {'price_columns': 'mid of bid and ask', 'n_ask_below_bid': 0, 'n_zero_spread': 0})
    """
    found: dict[str, Any] = {"price_columns": "raw"}
    columns = numbers.columns
    if BID_ASK[0] in columns:
        below = numbers.select((pl.col("ask_close") < pl.col("bid_close")).sum()).item()
        equal = numbers.select((pl.col("ask_close") == pl.col("bid_close")).sum()).item()
        found = {"price_columns": "mid of bid and ask", "n_ask_below_bid": below, "n_zero_spread": equal}
        prices = [((pl.col(f"bid_{p}") + pl.col(f"ask_{p}")) / 2).alias(p) for p in PRICES]
    elif ADJUSTED[0] in columns:
        found["price_columns"] = "adjusted"
        prices = [pl.col(f"adj_{p}").alias(p) for p in PRICES]
    elif "adj_close" in columns:
        found["price_columns"] = "adjusted by adjusted close / close"
        factor = pl.col("adj_close") / pl.col("close")
        prices = [*[(pl.col(p) * factor).alias(p) for p in PRICES[:3]], pl.col("adj_close").alias("close")]
    else:
        prices = [pl.col(p) for p in PRICES]
    volumes = [c for c in ("adj_volume", "volume") if c in columns]
    volume = pl.col(volumes[0]) if volumes else pl.lit(None, dtype=pl.Float64)
    frame = numbers.select(*prices, volume.alias("volume"))
    if dialect.price_scale is not None or dialect.price_digits is not None:
        frame = frame.with_columns([scale_prices(frame[p], dialect) for p in PRICES])
        found |= {"price_scale": dialect.price_scale, "price_digits": dialect.price_digits}
    return frame, found


def is_unfinished(complete: pl.Series) -> pl.Series:
    """True where a column that says whether a bar is complete says that it is not.

    >>> is_unfinished(pl.Series(["True", "false", "0", None])).to_list()
    [False, True, True, False]
    """
    said = complete.cast(pl.String).str.strip_chars().str.to_lowercase()
    return said.is_in(["false", "no", "0", "0.0"]).fill_null(value=False)


def is_usable(*, allow_non_positive: bool) -> pl.Expr:
    """True where the four prices can be a bar: all there, finite, in order, and positive unless that is allowed."""
    o, h, low, c = (pl.col(p) for p in PRICES)
    usable = (h >= pl.max_horizontal(o, c)) & (low <= pl.min_horizontal(o, c))
    usable &= pl.all_horizontal(pl.col(p).is_not_null() & pl.col(p).is_finite() for p in PRICES)
    return (usable if allow_non_positive else usable & (low > 0)).fill_null(value=False)


def looks_wrong() -> pl.Expr:
    """True where a row is wrong by itself: a price missing, not finite or not positive, or out of order."""
    o, h, low, c = (pl.col(p) for p in PRICES)
    ordered = (h >= pl.max_horizontal(o, c)) & (low <= pl.min_horizontal(o, c)) & (low > 0) & (h < float("inf"))
    broken = pl.any_horizontal(pl.col(p).is_null() | pl.col(p).is_nan() for p in PRICES)
    return ~ordered.fill_null(value=False) | broken | (pl.col("volume") < 0).fill_null(value=False)
