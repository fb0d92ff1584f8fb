"""Marts of seasonality and the heat map: equal to the core where it computes the same; states in order."""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm, pearsonr

from quant_core.bars import Bars
from quant_core.conditions.joint import Joint
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.errors import UnknownNameError
from quant_core.seasonality import (
    SeasonalityProfileSpec,
    compute_seasonality,
    compute_stability,
)
from quant_core.spec import load_research
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe
from quant_pipelines.cli import seasonality
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.marts.marts import build_mart, mart_files, mart_settings
from tests.pipelines.two_levels import found_over_all

SETTINGS = mart_settings(load_research("{}", "defaults"))
SPEC = SeasonalityProfileSpec(by_hour=False, metrics=("next_p_up", "next_ret_mean"), min_samples_bin=30)


def _build(name: str, lake: Lake) -> pl.DataFrame:
    return build_mart(next(f for f in mart_files() if f.name == name), lake, SETTINGS).frame


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Profiles of three symbols, one of them with a Monday that rises."""
    made = Lake(str(tmp_path_factory.mktemp("marts")))
    for i, symbol in enumerate(("A", "B", "C")):
        steps = np.random.default_rng(i).normal(0, 0.01, 900)
        steps[::7] += 0.03 if symbol == "B" else 0.0
        bars = Bars.of(close=list(np.exp(np.cumsum(steps))), timeframe=Timeframe.D1, symbol=symbol)
        key = PartitionKey(symbol, "D1")
        made.write("seasonality_profiles", key, compute_seasonality(bars, SPEC), Facts(symbol, "code"))
        made.write("seasonality_stability", key, compute_stability(bars, SPEC), Facts(symbol, "code"))
    return made


def _profiles(lake: Lake) -> pl.DataFrame:
    return pl.concat([lake.read("seasonality_profiles", k) for k in lake.keys("seasonality_profiles")])


def test_seasonal_q_values_are_corrected_over_all_symbols_per_metric(lake: Lake) -> None:
    mart = _build("mart__seasonality_profiles", lake)
    assert mart.height == _profiles(lake).height == 42
    for rows in mart.filter(pl.col("q_value").is_not_null()).partition_by("metric"):
        assert rows["n_tests_global"].unique().to_list() == [21]
        for rate in (0.1, 0.3, 0.6):
            expected = found_over_all(rows["p_value"].to_list(), rows["symbol"].to_list(), rate)
            assert (rows["q_value_global"] <= rate).to_list() == expected
    assert (mart["q_value_global"] >= mart["p_value"] - 1e-12).all()  # p * n / n may lose the last bit


def test_years_with_the_same_sign_are_counted_one_by_one(lake: Lake) -> None:
    mart = _build("mart__seasonality_profiles", lake)
    key = ["symbol", "timeframe", "dimension", "bin", "metric"]
    stability = pl.concat([lake.read("seasonality_stability", k) for k in lake.keys("seasonality_stability")])
    years = dict(stability.filter(~pl.col("period").str.starts_with("half")).group_by(key))
    assert stability["is_partial"].any()
    for row in mart.iter_rows(named=True):
        mine = years[tuple(row[k] for k in key)].select("is_partial", "lift").rows()
        lifts = [lift for is_partial, lift in mine if lift and not is_partial]
        assert row["n_years"] == len(lifts)
        assert row["n_years_partial"] == sum(is_partial for is_partial, lift in mine if lift)
        assert row["n_years_same"] == sum(lift * row["lift"] > 0 for lift in lifts)


def test_comparisons_are_differences_of_lifts_with_the_interval_of_two_independent_symbols(lake: Lake) -> None:
    mart, key = _build("mart__seasonality_compare", lake), ("dimension", "bin", "metric")
    rows = {(r["symbol"], *(r[k] for k in key)): r for r in _profiles(lake).iter_rows(named=True)}
    expected = set()
    for a, b in combinations("ABC", 2):
        for place in {k[1:] for k in rows}:
            pair = [rows.get((symbol, *place)) for symbol in (a, b)]
            verdicts = [r and r["verdict"] for r in pair]
            if "significant" in verdicts and set(verdicts) <= {"significant", "not_significant"}:
                expected.add((a, b, *place))
    assert {tuple(r) for r in mart.select("symbol_a", "symbol_b", *key).rows()} == expected
    assert len(expected) > 2
    for row in mart.iter_rows(named=True):
        a, b = (rows[row[symbol], *(row[k] for k in key)] for symbol in ("symbol_a", "symbol_b"))
        assert row["reading"] == a["reading"] == b["reading"] == "next"
        assert row["lift_diff"] == pytest.approx(a["lift"] - b["lift"], abs=1e-15)
        margin = norm.ppf(0.975) * np.hypot(a["se_lift"], b["se_lift"])
        assert row["lift_diff_high"] - row["lift_diff"] == pytest.approx(margin, rel=1e-9)
        assert row["lift_diff"] - row["lift_diff_low"] == pytest.approx(margin, rel=1e-9)


def test_the_correlation_matrix_equals_scipy(lake: Lake) -> None:
    mart = _build("mart__seasonality_correlation", lake)
    profiles = _profiles(lake).filter(pl.col("verdict") != "insufficient").drop_nulls("lift")
    assert mart.height == 18
    assert mart["reading"].unique().to_list() == ["next"]
    for row in mart.iter_rows(named=True):
        a, b = (profiles.filter(symbol=row[s], metric=row["metric"]) for s in ("symbol_a", "symbol_b"))
        pair = a.join(b, on=["dimension", "bin"]).select("lift", "lift_right")
        assert row["n_bins"] == pair.height
        if row["symbol_a"] == row["symbol_b"]:
            assert (row["correlation"], row["ci_low"]) == (1.0, None)
            continue
        found = pearsonr(pair["lift"], pair["lift_right"])
        low, high = found.confidence_interval(0.95)
        assert row["correlation"] == pytest.approx(found.statistic, abs=1e-9)
        assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


@pytest.mark.parametrize(
    ("arguments", "n"),
    [
        (("--symbol", "B", "--dimension", "dow", "--metric", "next_p_up"), 7),
        (("--dimension", "dow(zone=session)", "--symbols", "A,C"), 28),
        (("--metric", "next_ret_mean"), 21),
        (("--timeframe", "H1"), 0),
    ],
)
def test_profiles_are_filtered_by_symbol_timeframe_dimension_and_metric(
    lake: Lake, arguments: tuple[str, ...], n: int
) -> None:
    bins = _selected(lake, *arguments)
    assert bins.height == n
    if "--dimension" in arguments:
        assert bins["bin_order"].head(7).to_list() == list(range(7))
    else:
        assert bins["q_value_global"].is_sorted()


def test_only_bins_significant_over_all_symbols_are_shown_on_request(lake: Lake) -> None:
    found = _selected(lake, "--significant")
    assert 0 < found.height < 42
    assert found["q_value_global"].max() <= 0.1
    assert found["symbol"].unique().to_list() == ["B"]


def test_an_unknown_dimension_or_metric_is_named_with_the_known_ones(lake: Lake) -> None:
    with pytest.raises(UnknownNameError, match="dow"):
        _selected(lake, "--dimension", "dov")
    with pytest.raises(UnknownNameError, match="next_p_up"):
        _selected(lake, "--metric", "p_upp")


def _selected(lake: Lake, *arguments: str) -> pl.DataFrame:
    parser = argparse.ArgumentParser()
    seasonality.add_options(parser)
    _build("mart__seasonality_profiles", lake)
    return seasonality.asked_bins(lake, parser.parse_args(arguments), q_max=0.1)


def _cells(split: str, fold: int, condition: str, values: tuple[str, ...], lift: float) -> pl.DataFrame:
    """One row of market_stats per state."""
    n = len(values)
    known: dict[str, object] = {
        "symbol": "A", "timeframe": "D1", "fold": fold, "split": split, "event": "always_true", "condition": condition,
        "target": "up_next_bar", "target_kind": "binary", "n": 50, "p_hat": 0.5 + lift, "baseline": 0.5,
        "lift_freq": lift, "verdict": "not_significant",
    }  # fmt: skip
    schema = TABLES["market_stats"].schema
    columns = {c: list(values) if c == "condition_value" else [known.get(c)] * n for c in schema}
    return pl.DataFrame(columns, schema=schema)


def test_the_heat_map_lays_states_out_in_order_and_keeps_the_latest_fold(tmp_path: Path) -> None:
    lake, joint = Lake(str(tmp_path)), Joint()
    orders = {
        "vol_tertile": VolTertile().values,
        "joint": joint.values,
        "quantile_bin": tuple(f"q{i}" for i in range(1, 12)),
        "calendar_bin(dimension=hour(zone=utc))": tuple(str(i) for i in range(24)),
    }
    parts = []
    for condition, values in orders.items():
        shuffled = tuple(np.random.default_rng(1).permutation(list(values)))
        for split, fold, lift in (("train", 0, 0.1), ("train", 1, 0.2), ("test", 1, 0.05), ("oos_pooled", -1, 0.01)):
            parts.append(_cells(split, fold, condition, shuffled, lift))
    parts.append(_cells("train", 1, "all", ("all",), 0.0))
    lake.write("market_stats", PartitionKey("A", "D1"), pl.concat(parts), Facts("a", "code"))
    mart = _build("mart__market_stats_heatmap", lake)
    for condition, values in orders.items():
        for rows in mart.filter(condition=condition).partition_by("split"):
            assert tuple(rows["condition_value"]) == values
            assert rows["bin_order"].to_list() == list(range(len(values)))
    assert set(mart.select("split", "fold", "lift").unique().rows()) == {
        ("train", 1, 0.2), ("test", 1, 0.05), ("oos_pooled", -1, 0.01),
    }  # fmt: skip
    assert mart["estimate"].to_list() == pytest.approx((mart["baseline"] + mart["lift"]).to_list())
