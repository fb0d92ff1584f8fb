"""Profile values, baselines and tests against independent pandas and statsmodels code."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import statsmodels.api as sm

from quant_core.bars import Bars
from quant_core.seasonality import SeasonalityProfileSpec, profile_bars
from quant_core.seasonality._bins import dimension_statistics
from quant_core.timeframes import Timeframe
from tests.seasonality.worlds import bars_from_returns, garch_returns

DIMENSIONS = ("half_hour", "month", "week_of_year", "hour x dow", {"name": "hour", "zone": "America/New_York"})
H = 3


@pytest.fixture(scope="module")
def bars() -> Bars:
    """30 days of five-minute bars with holes, flat closes and one missing day."""
    rng = np.random.default_rng(11)
    n = 288 * 45
    returns = np.where(rng.random(n) < 0.05, 0.0, garch_returns(n, rng))
    whole = bars_from_returns(returns, timeframe=Timeframe.M5, wick=np.round(rng.exponential(2e-4, n), 5))
    keep = np.flatnonzero((rng.random(n) > 0.03) & ~((np.arange(n) > 5000) & (np.arange(n) < 5300)))
    return whole.with_frame(whole.frame[keep])


@pytest.fixture(scope="module")
def spec() -> SeasonalityProfileSpec:
    return SeasonalityProfileSpec(dimensions=DIMENSIONS, ret_horizon=H, min_samples_bin=30, metrics=(
        "next_p_up", "next_ret_mean", "next_ret_std", "next_ret_p25", "next_ret_q75", "amp_mean",
        "amp_std", "amp_p90", "p_breakout_up",
        "p_breakout_down", "p_in_range", "p_reversal", "n_runs",
    ))  # fmt: skip


@pytest.fixture(scope="module")
def profile(bars: Bars, spec: SeasonalityProfileSpec) -> pl.DataFrame:
    return profile_bars(bars, spec)


@pytest.fixture(scope="module")
def table(bars: Bars) -> pd.DataFrame:
    """Bar values by pandas alone."""
    df = bars.frame.drop("session_date", "ts_close").to_pandas().set_index("ts")
    out = pd.DataFrame(index=df.index)
    out["ret"] = df["close"].shift(-H) / df["close"] - 1
    # An unchanged close is neither a rise nor a fall.
    out["up"] = (out["ret"] > 0).where(out["ret"].notna() & (out["ret"] != 0)).astype(float)
    out["amp"] = (df["high"] - df["low"]) / df["close"]
    day = pd.Series(df.index.date, index=df.index)
    daily = df.groupby(day).agg(high=("high", "max"), low=("low", "min")).shift(1)
    above = df["high"] >= day.map(daily["high"])
    below = df["low"] <= day.map(daily["low"])
    known = day.map(daily["high"]).notna()
    out["p_breakout_up"], out["p_breakout_down"] = above.astype(float).where(known), below.astype(float).where(known)
    out["p_in_range"] = (~above & ~below).astype(float).where(known)
    return out


def bins_of(index: pd.DatetimeIndex) -> dict[str, pd.Series]:
    """The labels of the dimensions by pandas alone."""
    half = [f"{t.hour:02d}:{30 * (t.minute // 30):02d}" for t in index]
    labels = {
        "half_hour(zone=utc)": half,
        "month(zone=session)": index.month.astype(str),
        "week_of_year(zone=session)": index.isocalendar().week.astype(str),
        "cross(first=hour(zone=utc),second=dow(zone=session))": [f"{t.hour}|{t.weekday()}" for t in index],
        "hour(zone=America/New_York)": index.tz_convert("America/New_York").hour.astype(str),
    }
    return {name: pd.Series(np.asarray(v, dtype=object), index=index) for name, v in labels.items()}


def statistic(name: str, values: pd.Series) -> float:
    """One metric of one sample."""
    quantiles = {"next_ret_p25": 0.25, "next_ret_p75": 0.75, "amp_p90": 0.9}
    if name in quantiles:
        return float(values.quantile(quantiles[name]))
    return float(values.std() if name.endswith("_std") else values.mean())


COLUMNS = {
    "next_p_up": "up", "next_ret_mean": "ret", "next_ret_std": "ret", "next_ret_p25": "ret",
    "next_ret_p75": "ret", "amp_mean": "amp",
    "amp_std": "amp", "amp_p90": "amp", "p_breakout_up": "p_breakout_up", "p_breakout_down": "p_breakout_down",
    "p_in_range": "p_in_range",
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_values_and_baselines_equal_pandas(name: str, profile: pl.DataFrame, table: pd.DataFrame) -> None:
    rows = profile.filter(pl.col("metric_name") == name)
    for dimension, labels in bins_of(table.index).items():
        own = rows.filter(pl.col("dimension") == dimension)
        if dimension.startswith(("half", "month", "week", "cross", "hour(zone=A")):
            assert set(own["bin"]) == set(labels)
        for row in own.iter_rows(named=True):
            values = table[COLUMNS[name]]
            inside = values[labels == row["bin"]].dropna()
            outside = values[labels != row["bin"]].dropna()
            assert (row["n_bars"], row["n"]) == ((labels == row["bin"]).sum(), len(inside))
            if len(inside) > 1:
                assert row["value"] == pytest.approx(statistic(name, inside), rel=1e-9, abs=1e-15)
                assert row["baseline"] == pytest.approx(statistic(name, outside), rel=1e-9, abs=1e-15)
                assert row["lift"] == row["value"] - row["baseline"]


def test_the_test_of_a_mean_is_a_clustered_regression_on_the_bin(bars: Bars, table: pd.DataFrame) -> None:
    """Every day holds every hour, so statsmodels' cluster-robust t of the dummy has the same numerator."""
    spec = SeasonalityProfileSpec(by_hour=True, by_dow=False, metrics=("amp_mean",))
    row = profile_bars(bars, spec).filter(pl.col("bin") == "9").row(0, named=True)
    dummy = (table.index.hour == 9).astype(float)
    days = pd.factorize(table.index.date)[0]
    fit = sm.OLS(table["amp"].to_numpy(), sm.add_constant(dummy)).fit(cov_type="cluster", cov_kwds={"groups": days})
    assert row["lift"] == pytest.approx(fit.params[1], rel=1e-9)
    # statsmodels scales by (N - 1)/(N - K) in addition, a part in thousands here.
    assert row["se_lift"] == pytest.approx(fit.bse[1], rel=1e-3)


def test_intervals_contain_the_value_and_counts_have_none(profile: pl.DataFrame) -> None:
    counts = profile.filter(pl.col("metric_name") == "n_runs")
    assert counts.select(pl.col("ci_low", "baseline", "p_value", "verdict").is_null().all()).row(0) == (True,) * 4
    rest = profile.filter((pl.col("metric_name") != "n_runs") & pl.col("ci_low").is_not_null())
    assert rest.height > 1000
    assert rest.select(((pl.col("ci_low") <= pl.col("value")) & (pl.col("value") <= pl.col("ci_high"))).all()).item()
    assert rest.select((pl.col("n_eff") <= pl.col("n") + 1e-9).all()).item()


def test_overlapping_returns_are_worth_fewer_observations(profile: pl.DataFrame) -> None:
    # The bars of a month follow each other, so outcomes of three bars overlap threefold; amplitudes do not overlap.
    months = profile.filter(pl.col("dimension") == "month(zone=session)")
    for name in ("next_p_up", "next_ret_mean"):
        rows = months.filter(pl.col("metric_name") == name)
        assert rows.select((pl.col("n_eff") <= 1.1 * pl.col("n") / H).all()).item()


def test_runs_are_counted_where_they_start(bars: Bars, profile: pl.DataFrame) -> None:
    """Every turn of the moves starts one; bars that stand still are no moves."""
    moves = pd.Series(bars.frame["close"].to_numpy()).diff()
    side = np.sign(moves[moves.abs() > 0])
    n_turns = int((side != side.shift(1)).sum()) - 1
    rows = profile.filter((pl.col("metric_name") == "n_runs") & (pl.col("dimension") == "month(zone=session)"))
    assert rows["value"].sum() == n_turns


def test_threads_do_not_change_a_bit(bars: Bars, spec: SeasonalityProfileSpec, profile: pl.DataFrame) -> None:
    assert profile_bars(bars, spec, n_threads=4).equals(profile)


def test_values_alone_equal_the_values_with_inference(bars: Bars, spec: SeasonalityProfileSpec) -> None:
    dimensions, metrics = spec.resolved_dimensions(), spec.resolved_metrics()
    full = dimension_statistics(bars, dimensions, metrics)
    plain = dimension_statistics(bars, dimensions, metrics, confidence=None)
    for a, b in zip(full, plain, strict=True):
        for (metric, x), (_, y) in zip(a.metrics, b.metrics, strict=True):
            np.testing.assert_array_equal(x.value, y.value, err_msg=str(metric))
            np.testing.assert_array_equal(x.baseline, y.baseline, err_msg=str(metric))


def test_the_order_of_dimensions_and_other_dimensions_change_no_value(bars: Bars, profile: pl.DataFrame) -> None:
    alone = SeasonalityProfileSpec(
        by_hour=False, by_dow=False, dimensions=("month",), ret_horizon=H, metrics=("next_ret_std",)
    )
    one = profile_bars(bars, alone).select("bin", "value", "ci_low", "p_value")
    same = profile.filter((pl.col("dimension") == "month(zone=session)") & (pl.col("metric_name") == "next_ret_std"))
    assert one.equals(same.select(one.columns))


def test_values_without_spread_have_no_interval() -> None:
    """A price that stands still has returns of 0 and no spread: an interval of no width would be certainty."""
    still = Bars.of(close=[100.0] * 24 * 60)
    metrics = ("own_ret_mean", "next_ret_std", "next_ret_p25", "amp_mean")
    rows = profile_bars(still, SeasonalityProfileSpec(by_dow=False, metrics=metrics, min_samples_bin=10))
    assert set(rows["metric_name"]) == set(metrics)
    assert rows["value"].drop_nulls().unique().to_list() == [0.0]
    assert rows.select(pl.col("ci_low", "ci_high").is_null().all()).row(0) == (True, True)
    assert "significant" not in rows["verdict"].to_list()
