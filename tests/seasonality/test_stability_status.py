"""The table says whether a bin lasts, and where that cannot be said, why."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.seasonality import SeasonalityProfileSpec, compute_seasonality
from quant_core.splitters import Fold
from quant_core.timeframes import Timeframe
from tests.seasonality.worlds import bars_from_returns

SPEC = SeasonalityProfileSpec(
    by_hour=False, by_dow=True, dimensions=("is_december",), metrics=("own_ret_mean", "n_runs"), min_samples_bin=50
)


def decembers(first: date, last: date, *, later_sign: int = 1) -> Bars:
    """Daily bars of ±1 % noise whose Decembers bring 0.5 % more a day; from the middle on that, or its opposite."""
    n = (last - first).days + 1
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    day = pl.date_range(first, last, "1d", eager=True)
    sign = np.where(np.arange(n) < n // 2, 1, later_sign)
    effect = np.where(day.dt.month().to_numpy() == 12, 0.005, 0.0) * sign
    returns = effect + np.random.default_rng(5).normal(0, 0.01, n)
    return bars_from_returns(returns, timeframe=Timeframe.D1, start=start)


def december(bars: Bars, **where: object) -> dict[str, object]:
    rows = compute_seasonality(bars, SPEC).filter(dimension="is_month(zone=session,month=12)", bin="1", **where)
    return rows.row(0, named=True)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        # 24 years: 12 full ones in each half.
        (date(2000, 1, 1), date(2023, 12, 31), ("stable", True, True)),
        # 20 years: 10 in each, the fewest that a test takes.
        (date(2000, 1, 1), date(2019, 12, 31), ("stable", True, True)),
        # 18 years: 9 in each.
        (date(2000, 1, 1), date(2017, 12, 31), ("too_few_years", None, None)),
        # 20 years of days from July to June: the halves hold 9 full years and two partial ones.
        (date(2000, 7, 1), date(2020, 6, 30), ("too_few_years", None, None)),
    ],
)
def test_a_month_needs_ten_full_years_on_the_earlier_half(
    first: date, last: date, expected: tuple[str, bool | None, bool | None]
) -> None:
    row = december(decembers(first, last), metric_name="own_ret_mean")
    assert row["verdict"] == "significant"
    assert (row["stability"], row["stable"], row["replicated"]) == expected


def test_an_effect_that_turns_is_unstable() -> None:
    bars = decembers(date(1990, 1, 1), date(2023, 12, 31), later_sign=-1)
    row = december(bars, metric_name="own_ret_mean")
    assert (row["stability"], row["stable"], row["replicated"]) == ("unstable", False, False)


def test_every_row_with_a_verdict_has_a_status_and_no_other() -> None:
    rows = compute_seasonality(decembers(date(2000, 1, 1), date(2017, 12, 31)), SPEC)
    assert rows.filter(pl.col("verdict").is_null() != pl.col("stability").is_null()).is_empty()
    assert rows.filter(metric_name="n_runs")["stability"].null_count() == rows.filter(metric_name="n_runs").height
    weekdays = rows.filter(pl.col("dimension").str.starts_with("dow") & (pl.col("metric_name") == "own_ret_mean"))
    assert weekdays["stability"].unique().to_list() == ["not_found"]
    assert rows["stable"].is_not_null().to_list() == (
        rows["stability"].is_in(["stable", "unstable"]).fill_null(value=False).to_list()
    )


def test_too_few_bars_on_the_earlier_half_is_said() -> None:
    bars = decembers(date(2000, 1, 1), date(2017, 12, 31))
    # A half has about 470 Mondays, the whole 939.
    rows = compute_seasonality(bars, SPEC.model_copy(update={"min_samples_bin": 500}))
    weekdays = rows.filter(pl.col("dimension").str.starts_with("dow") & (pl.col("metric_name") == "own_ret_mean"))
    assert weekdays["verdict"].unique().to_list() == ["not_significant"]
    assert weekdays["stability"].unique().to_list() == ["too_few_bars"]


def test_a_test_side_without_a_test_replicates_nothing_and_denies_nothing() -> None:
    """A year after 12 years of training shows a sign, and has too few Decembers for a p-value."""
    bars = decembers(date(2000, 1, 1), date(2012, 12, 31))
    n = int((bars.frame["session_date"] < date(2012, 1, 1)).sum())
    rows = compute_seasonality(bars, SPEC, [Fold(0, 0, n, n, len(bars))])
    mine = rows.filter(dimension="is_month(zone=session,month=12)", bin="1", metric_name="own_ret_mean")
    (train,), (test,) = (mine.filter(split=split).to_dicts() for split in ("train", "test"))
    assert (train["stability"], train["stable"], train["replicated"]) == ("stable", True, None)
    assert (test["stability"], test["stable"], test["p_value"]) == (None, None, None)
    half = compute_seasonality(bars, SPEC, [Fold(0, 0, n, n, n + 200)])
    shorter = half.filter(dimension="is_month(zone=session,month=12)", bin="1", metric_name="own_ret_mean")
    assert shorter.filter(split="train")["stability"].to_list() == ["too_few_years"]
