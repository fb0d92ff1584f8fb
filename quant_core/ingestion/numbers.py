"""Numbers: text → float, exactly as ``float()`` reads it, and the declared scale of prices.

Put here: parsing and scaling of price and volume columns.
Keep out: which marks a file uses (number_style.py) and whether a price is plausible (quality checks).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.number_style import NumberStyle, bare

COUNT_ROLES = ("volume", "adj_volume")
"""Roles that count something: their fields may end with K, M or B."""

_SUFFIX = r"(?i)^(.*\d[.,]?)\s*([kmb])$"
_SUFFIX_SIZE = {"k": 1e3, "m": 1e6, "b": 1e9}


def to_floats(column: pl.Series, style: NumberStyle, origin: str) -> tuple[pl.Series, pl.Series]:
    """Float64 values, and True where a text is no number.

    Currency and percent signs are taken off (4.1% is 4.1); a volume may end with K, M or B.

    Missing: null stays null and is not bad. ``nan`` and ``inf`` are numbers; quality checks judge them.

    Raises:
        RefusedInputError: the column's type cannot hold numbers.

    >>> values, bad = to_floats(pl.Series("open", ["1,5", "x", None]), NumberStyle(","), "a.csv")
    >>> values.to_list(), bad.to_list()
    ([1.5, None, None], [False, True, False])
    >>> to_floats(pl.Series("volume", ["182.34K", "1.2M"]), NumberStyle(), "a.csv")[0].to_list()
    [182340.0, 1200000.0]
    """
    if column.dtype == pl.String:
        values = _of_text(column.str.strip_chars(), style)
        bad = column.is_not_null() & values.is_null()
        if bad.any():
            values = _with_signs(column, values, style)
            bad = column.is_not_null() & values.is_null()
        return values.alias(column.name), bad
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        values = column.cast(pl.Float64)
        return values, pl.repeat(value=False, n=len(column), dtype=pl.Boolean, eager=True)
    raise RefusedInputError.at(
        origin,
        column=column.name,
        reason=f"the column is {column.dtype}, not numbers",
        fix=f"columns: {{<another column>: {column.name}}}",
    )


def _of_text(text: pl.Series, style: NumberStyle) -> pl.Series:
    """Texts that are numbers in the style; null elsewhere. A misplaced mark makes a text no number."""
    if style.thousands:
        ungrouped = text.str.replace_all(style.thousands, "", literal=True)
        is_grouped = text.str.contains(style.grouped) if not style.declared else True
        text = pl.select(pl.when(is_grouped).then(ungrouped).otherwise(text)).to_series()
    if style.decimal == ",":
        dotted = text.str.contains(".", literal=True)
        text = pl.select(pl.when(~dotted).then(text.str.replace(",", ".", literal=True))).to_series()
    return text.cast(pl.Float64, strict=False)


def _with_signs(column: pl.Series, values: pl.Series, style: NumberStyle) -> pl.Series:
    """Read what is left once signs are taken off; each number is multiplied by its suffix where it counts something."""
    text, size = bare(column), pl.repeat(1.0, len(column), dtype=pl.Float64, eager=True)
    if column.name in COUNT_ROLES:
        suffix = text.str.extract(_SUFFIX, 2).str.to_lowercase()
        size = suffix.replace_strict(_SUFFIX_SIZE, default=1.0, return_dtype=pl.Float64)
        text = pl.select(pl.when(suffix.is_not_null()).then(text.str.extract(_SUFFIX, 1)).otherwise(text)).to_series()
    read = _of_text(text.str.strip_chars(), style)
    scaled = pl.Series(np.round(read.to_numpy() * size.to_numpy(), 6)) if column.name in COUNT_ROLES else read
    return pl.select(pl.coalesce(values, pl.when(read.is_not_null()).then(scaled))).to_series()


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
