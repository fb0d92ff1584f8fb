"""Numbers: text → float, exactly as ``float()`` reads it, and the declared scale of prices.

Put here: parsing and scaling of price and volume columns.
Keep out: whether a price is plausible (quality checks).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.dialect import Dialect


def to_floats(column: pl.Series, dialect: Dialect, origin: str) -> tuple[pl.Series, pl.Series]:
    """Float64 values, and True where a text is no number.

    Missing: null stays null and is not bad. ``nan`` and ``inf`` are numbers; quality checks judge them.

    Raises:
        RefusedInputError: the column's type cannot hold numbers.

    >>> values, bad = to_floats(pl.Series("open", ["1,5", "x", None]), Dialect(decimal=","), "a.csv")
    >>> values.to_list(), bad.to_list()
    ([1.5, None, None], [False, True, False])
    """
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        if dialect.thousands:
            text = text.str.replace_all(dialect.thousands, "", literal=True)
        if dialect.decimal == ",":
            dotted = text.str.contains(".", literal=True)
            text = pl.select(pl.when(~dotted).then(text.str.replace(",", ".", literal=True))).to_series()
        values = text.cast(pl.Float64, strict=False).alias(column.name)
        return values, column.is_not_null() & values.is_null()
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        values = column.cast(pl.Float64)
        return values, pl.repeat(value=False, n=len(column), dtype=pl.Boolean, eager=True)
    raise RefusedInputError.at(
        origin,
        column=column.name,
        reason=f"the column is {column.dtype}, not numbers",
        fix=f"columns: {{<another column>: {column.name}}}",
    )


def scale_prices(prices: pl.Series, dialect: Dialect) -> pl.Series:
    """Divide by ``price_scale``, then round to ``price_digits`` decimals; correctly rounded at each step.

    NumPy divides, because Polars' division by a literal multiplies by the reciprocal, which is off by one
    unit in the last place for about one value in ten.

    >>> scale_prices(pl.Series([130583.99999999999]), Dialect(price_scale=100000, price_digits=5)).to_list()
    [1.30584]
    """
    if dialect.price_scale is None and dialect.price_digits is None:
        return prices
    values = prices.to_numpy()
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow becomes inf, which quality checks refuse
        if dialect.price_scale is not None:
            values = np.divide(values, dialect.price_scale)
        if dialect.price_digits is not None:
            shifted = values * 10.0**dialect.price_digits
            # From 2^53 on a float has no such decimals; NaN and inf stay as they are.
            values = np.where(np.abs(shifted) < 2.0**53, np.rint(shifted) / 10.0**dialect.price_digits, values)
    return pl.select(pl.when(prices.is_not_null()).then(pl.Series(prices.name, values))).to_series().alias(prices.name)
