"""Size of the tests and coverage of the intervals where there is no seasonality, by simulation with fixed seeds.

The worlds: GARCH(1,1)-t returns, so that amplitudes cluster, with forward returns that overlap.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from quant_core.seasonality import SeasonalityProfileSpec, profile_bars
from quant_core.timeframes import Timeframe
from tests.seasonality.worlds import bars_from_returns, garch_returns

HORIZON = 5
METRICS = (
    "next_p_up",
    "next_ret_mean",
    "next_ret_std",
    "next_ret_p25",
    "amp_mean",
    "amp_std",
    "amp_p75",
    "p_reversal",
    "run_len_up_mean",
)
DIMENSIONS = ("session", "dow", "week_in_month", "is_third_friday", "hour")


def null_world(seed: int) -> pl.DataFrame:
    """Two years of hours without any seasonality."""
    rng = np.random.default_rng(seed)
    n = 24 * 730
    bars = bars_from_returns(garch_returns(n, rng), timeframe=Timeframe.H1, wick=np.abs(garch_returns(n, rng)) / 2)
    spec = SeasonalityProfileSpec(
        by_hour=False, by_dow=False, dimensions=DIMENSIONS, metrics=METRICS, ret_horizon=HORIZON, min_samples_bin=100
    )
    return profile_bars(bars, spec, n_threads=2).with_columns(world=pl.lit(seed))


@pytest.fixture(scope="module")
def worlds() -> pl.DataFrame:
    return pl.concat([null_world(seed) for seed in range(40)])


def monte_carlo_error(share: float, n: int) -> float:
    """Standard error of a share estimated from n independent trials."""
    return (share * (1 - share) / n) ** 0.5


def test_rejects_a_true_null_about_as_often_as_it_says(worlds: pl.DataFrame) -> None:
    tested = worlds.filter(pl.col("p_value").is_not_null())
    assert tested.height > 10_000
    # The bins of a yes/no dimension are one test, so trials are counted by worlds and distinct p-values.
    trials = tested.with_columns(p=pl.col("p_value").round(9)).unique(["world", "metric_name", "dimension", "p"])
    sizes = trials.group_by("metric_name", "dimension").agg(size=(pl.col("p_value") <= 0.05).mean(), n=pl.len())
    overall = tested.group_by("metric_name").agg(size=(pl.col("p_value") <= 0.05).mean())
    n_per_metric = tested.height // len(METRICS)
    assert tested.select((pl.col("p_value") <= 0.05).mean()).item() <= 0.055
    assert overall["size"].max() <= 0.06 + monte_carlo_error(0.05, n_per_metric)
    assert overall["size"].min() >= 0.02
    # 3.3 standard errors: the largest of 45 shares exceeds them in about one run of fifty.
    bound = 0.05 + 3.3 * (0.05 * 0.95 / pl.col("n")).sqrt()
    assert sizes.filter(pl.col("size") > bound).height == 0


def test_finds_nothing_in_most_worlds_without_seasonality(worlds: pl.DataFrame) -> None:
    claims = worlds.group_by("world", "metric").agg(claims=(pl.col("verdict") == "significant").any())
    # Benjamini-Hochberg at 5 %: under the full null the chance of any claim in a family is at most 5 %.
    assert claims["claims"].mean() <= 0.05 + 2 * monte_carlo_error(0.05, 40 * len(METRICS)) + 0.02


@pytest.mark.parametrize("metric", [m for m in METRICS if not m.endswith("_std")])
def test_intervals_cover_the_true_value(worlds: pl.DataFrame, metric: str) -> None:
    """Without seasonality the truth of every bin is the same number; the mean over all worlds stands in for it."""
    rows = worlds.filter((pl.col("metric_name") == metric) & (pl.col("dimension").str.starts_with("session")))
    rows = rows.with_columns(
        truth=(pl.col("value") * pl.col("n")).sum().over("metric") / pl.col("n").sum().over("metric")
    )
    covered = rows.select(pl.col("truth").is_between(pl.col("ci_low"), pl.col("ci_high")).mean()).item()
    assert 0.90 <= covered <= 0.995


def coverage(rows: pl.DataFrame) -> float:
    """Share of intervals that hold the mean of all values."""
    truth = rows["value"].mean()
    return rows.select(pl.lit(truth).is_between(pl.col("ci_low"), pl.col("ci_high")).mean()).item()


def test_intervals_of_spreads_cover_where_the_fourth_moment_exists(worlds: pl.DataFrame) -> None:
    """The GARCH world has no fourth moment, so there they cover less: the docstring of std_statistics says so."""
    spec = SeasonalityProfileSpec(
        by_hour=False, by_dow=False, dimensions=("session",), metrics=("next_ret_std", "amp_std")
    )
    parts = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        calm = np.exp(0.3 * np.repeat(rng.normal(size=100), 100)) * rng.normal(size=10_000) * 1e-3
        parts.append(profile_bars(bars_from_returns(calm, timeframe=Timeframe.H1), spec))
    rows = pl.concat(parts)
    for metric in ("next_ret_std", "amp_std"):
        assert 0.90 <= coverage(rows.filter(pl.col("metric_name") == metric)) <= 0.995
    heavy = worlds.filter((pl.col("metric_name") == "next_ret_std") & pl.col("dimension").str.starts_with("session"))
    assert 0.80 <= coverage(heavy) < 0.95


def test_a_plain_t_test_on_overlapping_returns_would_reject_far_too_often(worlds: pl.DataFrame) -> None:
    """Why clusters: the textbook standard error s/sqrt(n) of five-bar returns, on the same worlds."""
    rows = worlds.filter((pl.col("metric_name") == "next_ret_mean") & (pl.col("dimension").str.starts_with("dow")))
    spread = worlds.filter((pl.col("metric_name") == "next_ret_std") & (pl.col("dimension").str.starts_with("dow")))
    key = ["world", "bin"]
    both = rows.join(spread.select(*key, s="value"), on=key)
    z = both.select(
        (pl.col("lift") / (pl.col("s") * (1 / pl.col("n") + 1 / (5 * pl.col("n"))).sqrt())).abs()
    ).to_series()
    assert (z > 1.96).mean() > 0.2


def test_finds_a_planted_bin_and_its_size() -> None:
    rng = np.random.default_rng(77)
    n = 24 * 730
    planted = np.zeros(24)
    planted[15] = 0.0006  # what bars opening at 14:00 earn over the next bar
    bars = bars_from_returns(garch_returns(n, rng) + np.resize(planted, n), timeframe=Timeframe.H1)
    profile = profile_bars(
        bars, SeasonalityProfileSpec(by_dow=False, metrics=("next_ret_mean", "own_ret_mean", "next_p_up"))
    )
    for metric, where in (("next_ret_mean", "14"), ("own_ret_mean", "15")):
        rows = profile.filter(pl.col("metric_name") == metric)
        best = rows.sort("p_value").row(0, named=True)
        assert (best["bin"], best["verdict"]) == (where, "significant")
        assert abs(best["lift"] - 0.0006) < 3 * best["se_lift"]


def test_a_bin_that_holds_a_large_effect_does_not_hide_it_in_its_own_variance() -> None:
    """January rises in 59 % of the hours of 12 years, 49 % elsewhere: 12 clusters once kept p above 0.0069."""
    rng = np.random.default_rng(12)
    day = np.timedelta64(1, "D") * np.arange(12 * 365 + 3) + np.datetime64("2015-01-01")
    january = np.repeat(day.astype("datetime64[M]").astype(int) % 12 == 0, 24)
    up = rng.uniform(size=january.size) < np.where(january, 0.593, 0.489)
    bars = bars_from_returns(np.where(up, 0.001, -0.001), timeframe=Timeframe.H1)
    profile = profile_bars(bars, SeasonalityProfileSpec(by_hour=False, by_dow=False, dimensions=("month",)))
    best = profile.filter(pl.col("metric_name") == "next_p_up").sort("p_value").row(0, named=True)
    assert (best["bin"], best["verdict"]) == ("1", "significant")
    assert best["p_value"] < 1e-5


def test_detectable_lifts_are_in_the_unit_of_the_lift() -> None:
    """A lift of twice the mde is found, one of half of it rarely; both metrics, on 60 seeded worlds."""
    spec = SeasonalityProfileSpec(by_dow=False, metrics=("own_ret_mean", "next_p_up"))
    found = {0.5: 0, 2.0: 0}
    for seed in range(30):
        quiet = np.random.default_rng(seed).choice([-0.001, 0.001], 24 * 400)
        mde = _ninth_hour(quiet, spec, "own_ret_mean")["mde"]
        for size in found:
            moved = quiet + np.resize(np.where(np.arange(24) == 9, size * mde, 0.0), quiet.size)
            found[size] += _ninth_hour(moved, spec, "own_ret_mean")["verdict"] == "significant"
    assert found[2.0] >= 29
    assert found[0.5] <= 10


def _ninth_hour(returns: np.ndarray, spec: SeasonalityProfileSpec, metric: str) -> dict[str, object]:
    profile = profile_bars(bars_from_returns(returns, timeframe=Timeframe.H1), spec)
    return profile.row(by_predicate=(pl.col("bin") == "9") & (pl.col("metric_name") == metric), named=True)


def test_a_bin_too_small_to_be_found_at_all_is_underpowered() -> None:
    """Twelve Mondays that all rise have p = 2·2^-12 of a fair coin at best: over 0.05 / 500."""
    rng = np.random.default_rng(3)
    bars = bars_from_returns(rng.choice([-0.001, 0.001], 7 * 12), timeframe=Timeframe.D1)
    spec = SeasonalityProfileSpec(metrics=("next_p_up",), by_hour=False, min_samples_bin=10, q_max=0.0001)
    rows = profile_bars(bars, spec)
    assert rows["n"].min() >= 11
    assert set(rows["verdict"]) == {"underpowered"}
    assert rows["mde"].is_null().all()


def test_few_repetitions_are_insufficient_however_many_bars_there_are() -> None:
    """Two years hold two Januaries: 17,520 bars say nothing about months."""
    rng = np.random.default_rng(5)
    bars = bars_from_returns(garch_returns(24 * 730, rng), timeframe=Timeframe.H1)
    profile = profile_bars(bars, SeasonalityProfileSpec(dimensions=("month",), metrics=("next_ret_mean",)))
    months = profile.filter(pl.col("dimension").str.starts_with("month"))
    assert months["n"].min() > 1000
    assert months["verdict"].unique().to_list() == ["insufficient"]
    assert months["n_clusters"].max() == 2
