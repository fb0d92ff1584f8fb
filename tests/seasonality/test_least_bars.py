"""What a bin must have to be tested, and which word it gets: every rule at its bound, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta, false_discovery_control

from quant_core.bars import Bars
from quant_core.seasonality import SeasonalityProfileSpec, compute_seasonality, compute_stability, profile_bars
from quant_core.seasonality._bins import DimensionStatistics
from quant_core.seasonality._inference import BinStatistics
from quant_core.seasonality.profile import halves, rows_of, with_verdicts
from quant_core.splitters import Fold
from quant_core.timeframes import Timeframe
from tests.recount.power_by_hand import Power
from tests.seasonality.worlds import bars_from_returns

LEAST = 20
SPEC = SeasonalityProfileSpec(min_samples_bin=LEAST, q_max=0.05)
FAMILY = {"symbol": "A", "timeframe": "H1", "fold": -1, "split": "all", "metric": "m"}
TYPES = {
    **dict.fromkeys(("p_value", "value", "baseline", "se_lift", "inflation", "degrees"), pl.Float64),
    **dict.fromkeys(("n", "n_clusters"), pl.Int64),
    **dict.fromkeys(("_part", "_other_part"), pl.UInt64),
    **{"_described": pl.Boolean, "bin_order": pl.Int32},
}
MEAN = {"value": 0.5, "baseline": 0.5, "se_lift": 0.1, "inflation": None, "degrees": 19.0, "n_clusters": 20}
RATE = {**MEAN, "inflation": 1.0}
COUNT = {**dict.fromkeys(MEAN), "value": 7.0}
QUANTILE = {**RATE, "se_lift": None}


def verdicts(*cells: dict[str, Any], spec: SeasonalityProfileSpec = SPEC) -> list[dict[str, Any]]:
    """Bins of one dimension, each a question of its own, as ``with_verdicts`` completes them."""
    rows = [
        {**FAMILY, "dimension": "d", "bin": str(i), "bin_order": i, "n": 50, "p_value": 0.5, "_described": False,
         "_part": 10 + i, "_other_part": 100, **MEAN, **cell}
        for i, cell in enumerate(cells)
    ]  # fmt: skip
    overrides = {name: dtype for name, dtype in TYPES.items() if name in rows[0]}
    return with_verdicts(pl.DataFrame(rows, schema_overrides=overrides), spec).to_dicts()


def words(*cells: dict[str, Any], spec: SeasonalityProfileSpec = SPEC) -> list[str | None]:
    return [row["verdict"] for row in verdicts(*cells, spec=spec)]


def test_one_value_too_few_is_insufficient_and_outside_the_family() -> None:
    rows = verdicts({"n": 19, "p_value": 0.001}, {"n": 20, "p_value": 0.02}, {"n": 21, "p_value": 0.9})
    # A family of two: 0.02 × 2/1 and 0.9 × 2/2; of three they would be 0.03 and 0.9.
    assert [row["q_value"] for row in rows] == [None, pytest.approx(0.04), pytest.approx(0.9)]
    assert [row["verdict"] for row in rows] == ["insufficient", "significant", "not_significant"]


def test_the_least_number_of_values_in_a_profile_of_bars() -> None:
    """Twenty days of hours: the first hour has one own return less than the others, because no close is before it."""
    bars = bars_from_returns(np.random.default_rng(8).normal(0, 0.01, 24 * 20), timeframe=Timeframe.H1)
    for least, n_tests in ((19, 24), (20, 23), (21, 0)):
        spec = SeasonalityProfileSpec(by_dow=False, metrics=("own_ret_mean",), min_samples_bin=least)
        rows = profile_bars(bars, spec)
        assert rows["n"].to_list() == [19] + [20] * 23
        tested = rows.filter(pl.col("n") >= least)
        assert rows["verdict"].ne("insufficient").to_list() == (rows["n"] >= least).to_list()
        assert rows["q_value"].is_not_null().sum() == tested.height == n_tests
        if n_tests:
            expected = false_discovery_control(tested["p_value"].to_numpy())
            assert tested["q_value"].to_numpy() == pytest.approx(expected, rel=1e-12)


def test_a_question_with_two_bins_needs_enough_values_in_both_and_is_one_test() -> None:
    one = {"_part": 1, "_other_part": 2}
    other = {"p_value": 0.03}
    rows = verdicts({**one, "n": 300, "p_value": 0.01}, {**one, "n": 20, "p_value": 0.01}, other)
    # Two questions: 0.01 × 2/1 and 0.03 × 2/2.
    assert [row["q_value"] for row in rows] == pytest.approx([0.02, 0.02, 0.03])
    rows = verdicts({**one, "n": 300, "p_value": 0.01}, {**one, "n": 19, "p_value": 0.01}, other)
    assert [row["verdict"] for row in rows] == ["insufficient", "insufficient", "significant"]
    assert rows[2]["q_value"] == pytest.approx(0.03)


def test_a_q_value_of_exactly_the_rate_is_significant() -> None:
    assert words({"p_value": 0.05}) == ["significant"]
    assert words({"p_value": np.nextafter(0.05, 1)}) == ["not_significant"]


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        (COUNT | {"p_value": None}, None),
        # A bin that holds every bar: its rest is empty.
        ({"p_value": None, "_part": 0, "degrees": None}, None),
        ({"_described": True, "p_value": None, "degrees": None}, None),
        # Enough values in enough clusters, and no p-value: they have no spread.
        ({"p_value": None, "n": LEAST}, None),
        ({"p_value": None, "n": LEAST - 1}, "insufficient"),
        # Enough values in too few clusters for degrees of freedom.
        ({"p_value": None, "n": LEAST, "degrees": None}, "insufficient"),
        ({"p_value": 0.5}, "not_significant"),
    ],
)
def test_what_cannot_be_tested_has_no_verdict_and_what_is_too_little_is_insufficient(
    cell: dict[str, Any], word: str | None
) -> None:
    found, other = verdicts(cell, {"p_value": 0.04})
    assert (found["verdict"], other["verdict"]) == (
        word,
        "significant" if cell["p_value"] is None else "not_significant",
    )
    assert (found["mde"] is None) == (found["q_value"] is None) == (cell["p_value"] is None)


def test_no_spread_is_a_word_about_both_bins_of_a_question() -> None:
    both = {"_part": 1, "_other_part": 2, "p_value": None}
    assert words(both, both) == [None, None]
    assert words(both, {**both, "degrees": None}) == ["insufficient"] * 2
    assert words(both, {**both, "n": LEAST - 1}) == ["insufficient"] * 2


def test_a_rate_that_not_even_certain_rises_would_lift_is_underpowered() -> None:
    """Five fair outcomes: all rises are worth 0.5⁵·¹ = 0.03, the first step of three tests asks 0.05/3/2 = 0.008."""
    spec = SeasonalityProfileSpec(min_samples_bin=5, q_max=0.05)
    cells = [{**RATE, "n": n, "p_value": 0.5} for n in (5, 200, 195)]
    rows = verdicts(*cells, spec=spec)
    assert [row["verdict"] for row in rows] == ["underpowered", "not_significant", "not_significant"]
    power = Power(level=0.05 / 3, degrees=19, power=0.8)
    for row in rows:
        share = row["n"] / 400
        of_rate = power.of_rates(row["n"], share, 0.5, 1.0)
        assert row["mde"] == (None if of_rate is None else pytest.approx(of_rate / (1 - share), rel=1e-6))
    # What was found is significant, whatever could have been.
    assert words({**cells[0], "p_value": 1e-9}, *cells[1:], spec=spec)[0] == "significant"
    # One bin of a question speaks for both.
    question = {"_part": 1, "_other_part": 2}
    assert words({**cells[0], **question}, {**cells[1], **question}, cells[2], spec=spec) == [
        "underpowered", "underpowered", "not_significant",
    ]  # fmt: skip


def test_only_rates_can_be_underpowered() -> None:
    """Quantiles have no detectable lift at all, means always one."""
    quantile, mean = verdicts({**QUANTILE, "n": 20}, {**MEAN, "n": 20})
    assert (quantile["mde"], quantile["verdict"]) == (None, "not_significant")
    assert mean["mde"] == pytest.approx(Power(level=0.05 / 2, degrees=19, power=0.8).of_numbers(0.1**2), rel=1e-9)
    assert mean["verdict"] == "not_significant"


def test_families_are_apart() -> None:
    rows = verdicts({"p_value": 0.04}, {"p_value": 0.04, "metric": "other"}, {"p_value": 0.04, "fold": 1})
    assert [row["q_value"] for row in rows] == pytest.approx([0.04] * 3)


MONTHS = SeasonalityProfileSpec(
    by_hour=False,
    by_dow=False,
    dimensions=("is_month_end", "quarter"),
    metrics=("next_ret_mean", "p_in_range"),
    ret_horizon=3,
)


def table_of(low: list[float], high: list[float]) -> pl.DataFrame:
    """Rows of two dimensions with two and four bins, of a mean with given bounds, and of breakouts in the same bins."""
    nan = float("nan")
    found = []
    for dimension, at in zip(MONTHS.resolved_dimensions(), (slice(0, 2), slice(2, 6)), strict=True):
        bounds = {"ci_low": np.array(low[at]), "ci_high": np.array(high[at])}
        n = np.arange(6.0)[at]
        tested = {"p_value": np.full(len(n), 0.25), "n_clusters": np.where(n > 0, n, nan)}
        statistics = BinStatistics.of(n, value=np.where(n > 0, 0.5, nan), **bounds, **tested)
        parts = np.column_stack((np.arange(6)[at], np.full(len(n), 90))).astype(np.uint64)
        counted = tuple((metric, statistics) for metric in MONTHS.resolved_metrics())
        found.append(DimensionStatistics(dimension, (10 * n).astype(np.int64) + (n == 5), parts, counted))
    return rows_of(found)


def test_statistics_become_rows_of_the_bins_with_bars() -> None:
    rows = table_of([0.0] * 6, [1.0] * 6)
    place = ["metric_name", "dimension", "bin", "bin_order", "n_bars", "n", "n_clusters", "_part", "_other_part"]
    end, quarter = (d.canonical for d in MONTHS.resolved_dimensions())
    # The first of the two bins of month ends has no bar.
    assert rows.select(place).rows() == [
        (metric, dimension, name, order, 10 * n + (n == 5), n, n, n, 90)
        for dimension, bins in ((end, [("1", 1, 1)]), (quarter, [("1", 0, 2), ("2", 1, 3), ("3", 2, 4), ("4", 3, 5)]))
        for metric in ("next_ret_mean", "p_in_range")
        for name, order, n in bins
    ]
    # A breakout is described and not tested; the price of its own bar alone enters it.
    tested = rows.select("metric_name", "p_value", "_described", "reading", "window_bars", "unit").unique()
    assert sorted(tested.rows()) == [
        ("next_ret_mean", 0.25, False, "next", 3, "fraction"),
        ("p_in_range", None, True, "own", 1, "fraction"),
    ]
    # nan is how arrays say undefined; a table says null: also where a bin has a bar and no value.
    assert rows.select("n_eff", "lift", "degrees").null_count().row(0) == (rows.height,) * 3
    assert rows.select(pl.selectors.float().is_nan().any()).row(0).count(True) == 0


def test_an_interval_has_a_width_of_more_than_a_billionth_of_its_bounds() -> None:
    low = [0.0, 1000.0, 1000.0, -1000 - 5e-7, -1000 - 2e-6, -1e-15]
    high = [0.0, 1000 + 5e-7, 1000 + 2e-6, -1000.0, -1000.0, 1e-15]
    rows = table_of(low, high).filter(metric_name="next_ret_mean")
    assert rows["ci_low"].to_list() == [None, 1000.0, None, -1000 - 2e-6, -1e-15]
    assert rows["ci_high"].to_list() == [None, 1000 + 2e-6, None, -1000.0, 1e-15]
    flat = table_of([0.0] * 6, [0.0] * 6)
    assert flat["ci_low"].null_count() == flat["ci_high"].null_count() == flat.height
    unknown = table_of([float("nan")] * 6, [1.0] * 6)
    assert unknown["ci_low"].null_count() == unknown["ci_high"].null_count() == unknown.height


def test_rates_alone_have_a_posterior() -> None:
    bars = bars_from_returns(np.random.default_rng(9).normal(0, 0.01, 24 * 15), timeframe=Timeframe.H1)
    rows = profile_bars(bars, SeasonalityProfileSpec(by_dow=False, metrics=("own_p_up", "own_ret_mean")))
    mean, rate = (rows.filter(metric_name=name) for name in ("own_ret_mean", "own_p_up"))
    assert mean.select("p_mean", "hdi_low", "hdi_high").null_count().row(0) == (24,) * 3
    for row in rate.iter_rows(named=True):
        ups = row["value"] * row["n_eff"]
        posterior = beta(ups + 0.5, row["n_eff"] - ups + 0.5)
        assert row["p_mean"] == pytest.approx(posterior.mean(), rel=1e-9)
        assert posterior.cdf(row["hdi_high"]) - posterior.cdf(row["hdi_low"]) == pytest.approx(0.95, abs=1e-6)


def test_a_profile_says_what_stretch_it_is_of() -> None:
    bars = Bars.of(close=[1.0, 2.0, 1.0], start=datetime(2024, 3, 4, 5, tzinfo=UTC))
    spec = SeasonalityProfileSpec(by_dow=False, metrics=("own_ret_mean",))
    place = ["fold", "split", "period_start", "period_end", "bin"]
    ends = (datetime(2024, 3, 4, 5, tzinfo=UTC), datetime(2024, 3, 4, 8, tzinfo=UTC))
    assert profile_bars(bars, spec).select(place).rows() == [(-1, "all", *ends, name) for name in "567"]
    assert profile_bars(bars, spec, fold=3, split="test").select(place).row(0) == (3, "test", *ends, "5")
    assert profile_bars(bars.head(1), spec).select(place[3:]).rows() == [(datetime(2024, 3, 4, 6, tzinfo=UTC), "5")]


@pytest.mark.parametrize(
    ("dimensions", "n_bars"),
    [
        (("dow",), 0),
        ((), 9),
        (("hour",), 9),  # days have no hour
    ],
)
def test_without_a_bar_a_dimension_or_a_bin_a_profile_is_empty(dimensions: tuple[str, ...], n_bars: int) -> None:
    bars = Bars.of(close=[1.0] * 9, timeframe=Timeframe.D1).head(n_bars)
    spec = SeasonalityProfileSpec(by_hour=False, by_dow=False, dimensions=dimensions, metrics=("own_ret_mean",))
    filled = SeasonalityProfileSpec(by_hour=False, metrics=("own_ret_mean",))
    columns = profile_bars(Bars.of(close=[1.0] * 9, timeframe=Timeframe.D1), filled).schema
    for rows in (profile_bars(bars, spec), compute_seasonality(bars, spec)):
        assert (rows.height, rows.schema) == (0, columns)
    assert compute_stability(bars, spec).height == 0


def days(*bars_of_day: int) -> Bars:
    """Hourly bars, so many of each day from 2024-01-01."""
    whole = Bars.of(close=[1.0] * 24 * len(bars_of_day))
    rows = [24 * day + i for day, n in enumerate(bars_of_day) for i in range(n)]
    return whole.with_frame(whole.frame[rows])


@pytest.mark.parametrize(
    ("bars_of_day", "n_early"),
    [
        ([2, 2], 2),
        ([1, 1, 1], 1),  # the session in the middle is in the later half
        ([2, 3, 2], 2),
        ([1, 4, 1], 1),
        ([3, 2], 0),  # the middle is in the first session: nothing is earlier
        ([2, 1, 3], 3),
        ([1], 0),
        ([5], 0),
        ([0], 0),
    ],
)
def test_halves_are_cut_at_the_session_before_the_middle(bars_of_day: list[int], n_early: int) -> None:
    bars = days(*bars_of_day)
    early, late = halves(bars)
    assert (len(early), len(late)) == (n_early, sum(bars_of_day) - n_early)
    assert pl.concat([early.frame, late.frame]).equals(bars.frame)


def test_a_table_has_the_rows_of_all_bars_and_of_both_sides_of_every_fold() -> None:
    bars = bars_from_returns(np.random.default_rng(3).normal(0, 0.01, 24 * 30), timeframe=Timeframe.H1)
    spec = SeasonalityProfileSpec(by_dow=False, metrics=("own_ret_mean",))
    rows = compute_seasonality(bars, spec, [Fold(0, 0, 240, 240, 480), Fold(1, 240, 480, 504, 720)])
    sides = rows.group_by("fold", "split").agg(pl.col("n_bars").sum()).sort("fold", "split").rows()
    assert sides == [(-1, "all", 720), (0, "test", 240), (0, "train", 240), (1, "test", 216), (1, "train", 240)]


def test_a_history_long_enough_for_threads_is_profiled_alike_without_any() -> None:
    bars = bars_from_returns(np.random.default_rng(6).normal(0, 0.001, 50_010), timeframe=Timeframe.M1)
    spec = SeasonalityProfileSpec(metrics=("own_ret_mean",))
    alone = profile_bars(bars, spec)
    assert alone.equals(profile_bars(bars, spec, n_threads=2))
    later = ("stability", "stable", "replicated")
    assert compute_seasonality(bars, spec).drop(later).equals(alone.drop(later))
