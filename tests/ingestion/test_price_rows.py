"""One set of prices from the columns, and which rows can be a bar."""

from __future__ import annotations

import math

import polars as pl
import pytest

from quant_core.ingestion import Dialect
from quant_core.ingestion.columns import PRICES
from quant_core.ingestion.price_sets import combine_prices, is_usable, looks_wrong

BAR = (2.0, 4.0, 1.0, 3.0)


def frame(*prices: float | None, volume: float | None = 5.0) -> pl.DataFrame:
    schema = dict.fromkeys((*PRICES, "volume"), pl.Float64)
    return pl.DataFrame({**{p: [v] for p, v in zip(PRICES, prices, strict=True)}, "volume": [volume]}, schema=schema)


@pytest.mark.parametrize(
    ("bar", "usable", "wrong"),
    [
        (BAR, True, False),
        ((4.0, 4.0, 1.0, 1.0), True, False),  # open at the high, close at the low
        ((1.0, 4.0, 1.0, 4.0), True, False),
        ((2.0, 2.0, 2.0, 2.0), True, False),
        ((2.0, 2.5, 1.0, 3.0), False, True),  # the close is above the high
        ((3.0, 2.5, 1.0, 2.0), False, True),  # the open is
        ((2.0, 4.0, 2.5, 3.0), False, True),  # the open is below the low
        ((3.0, 4.0, 2.5, 2.0), False, True),
        ((2.0, math.inf, 1.0, 3.0), False, True),
        ((2.0, math.nan, 1.0, 3.0), False, True),
        ((None, 4.0, 1.0, 3.0), False, True),
        ((2.0, 4.0, 1.0, None), False, True),
        ((2.0, 4.0, None, 3.0), False, True),
        ((2.0, 4.0, 0.5, 3.0), True, False),
        ((2.0, 4.0, 0.0, 3.0), False, True),  # zero is not positive
        ((2.0, 4.0, -0.5, 3.0), False, True),
    ],
)
def test_a_bar_has_four_positive_finite_prices_in_order(
    bar: tuple[float | None, ...], usable: bool, wrong: bool
) -> None:
    rows = frame(*bar)
    assert rows.select(u=is_usable(allow_non_positive=False))["u"].to_list() == [usable]
    assert rows.select(w=looks_wrong())["w"].to_list() == [wrong]


@pytest.mark.parametrize(("low", "usable"), [(0.0, True), (-7.0, True), (-math.inf, False)])
def test_prices_that_may_be_negative_still_have_to_be_finite(low: float, usable: bool) -> None:
    assert frame(2.0, 4.0, low, 3.0).select(u=is_usable(allow_non_positive=True))["u"].to_list() == [usable]


@pytest.mark.parametrize(("volume", "wrong"), [(0.0, False), (0.5, False), (None, False), (-0.5, True), (-2.0, True)])
def test_a_negative_volume_is_wrong_and_a_missing_one_is_not(volume: float | None, wrong: bool) -> None:
    assert frame(*BAR, volume=volume).select(w=looks_wrong())["w"].to_list() == [wrong]


def test_the_adjusted_volume_goes_before_the_raw_one() -> None:
    numbers = frame(*BAR).with_columns(adj_volume=pl.lit(9.0))
    assert combine_prices(numbers, Dialect())[0].row(0) == (*BAR, 9.0)


@pytest.mark.parametrize(
    ("declared", "first"), [({}, 2.0), ({"price_scale": 8.0}, 0.25), ({"price_scale": 8.0, "price_digits": 1}, 0.2)]
)
def test_a_scale_alone_is_applied_and_said(declared: dict[str, float], first: float) -> None:
    prices, found = combine_prices(frame(*BAR), Dialect.parse(declared, "test"))
    assert prices["open"][0] == first
    assert found.get("price_scale") == declared.get("price_scale")
    assert ("price_scale" in found) == bool(declared)
