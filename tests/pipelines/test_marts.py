"""Marts: parse trees, schemas from the first day, global correction against scipy, idempotence."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from scipy.stats import false_discovery_control

from quant_core.errors import ConfigError, DataContractError, LakeError, UnknownNameError
from quant_core.tables import TABLES
from quant_pipelines.cli.top import print_findings
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.query import check_promises, read_mart, run_select
from quant_pipelines.lake.sql_files import SqlFile, parse_sql_file, tables_read
from quant_pipelines.marts.marts import build_mart, mart_files
from quant_pipelines.plots.mart_entries import mart_entries, mart_figures
from tests.pipelines.two_levels import found_over_all

SETTINGS = {"fdr": 0.05}


def _mart(name: str) -> SqlFile:
    return next(file for file in mart_files() if file.name == name)


def _coverage(n_bars: int) -> pl.DataFrame:
    row = {"month": date(2020, 1, 1), "n_bars": n_bars, "n_expected": 20, "n_missing": 20 - n_bars}
    return pl.DataFrame([{**row, "n_off_calendar": 0, "share": n_bars / 20}], schema=TABLES["coverage"].schema)


def _stats(symbol: str, timeframe: str, p_values: list[float | None], split: str = "oos_pooled") -> pl.DataFrame:
    """Rows of market_stats that differ in event and p-value; a null p-value is outside the family."""
    n = len(p_values)
    lifts = np.linspace(-0.1, 0.1, n)
    columns: dict[str, object] = {
        "symbol": [symbol] * n,
        "timeframe": [timeframe] * n,
        "fold": [-1 if split == "oos_pooled" else 0] * n,
        "split": [split] * n,
        "event": [f"event_{i:03}" for i in range(n)],
        "condition": ["all"] * n,
        "condition_value": ["all"] * n,
        "target": ["up_next_bar"] * n,
        "target_kind": ["binary"] * n,
        "hypothesis": [f"event_{i:03} | all | all | up_next_bar" for i in range(n)],
        "n": [400] * n,
        "lift_freq": lifts.tolist(),
        "p_value": p_values,
        "q_value": p_values,
        "verdict": ["insufficient" if p is None else "not_significant" for p in p_values],
        "replicated": [True] * n if split == "train" else [None] * n,
    }
    schema = TABLES["market_stats"].schema
    return pl.DataFrame({c: columns.get(c, [None] * n) for c in schema}, schema=schema)


@pytest.mark.parametrize("file", mart_files(), ids=lambda f: f.name)
def test_every_mart_documents_its_rows_key_and_units(file: SqlFile) -> None:
    assert file.name.startswith("mart__")
    assert file.meaning
    assert file.key
    assert set(file.key) <= {c.name for c in file.columns}
    assert file.plot is None or file.plot in mart_figures()
    assert file.columns


@pytest.mark.parametrize("file", mart_files(), ids=lambda f: f.name)
def test_an_empty_lake_gives_an_empty_mart_with_its_schema_and_says_so(file: SqlFile, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    marts = [t for t in file.tables if t.startswith("mart__")]
    for name in marts:
        build_mart(_mart(name), lake, SETTINGS)
    built = build_mart(file, lake, SETTINGS)
    assert built.frame.height == 0
    assert built.frame.columns == [c.name for c in file.columns]
    assert set(built.empty_inputs) == set(file.tables) - set(marts)
    assert "null" not in {str(t).lower() for t in built.frame.dtypes}
    assert mart_entries(file, built, "x")["empty_inputs"].value == (", ".join(built.empty_inputs) or "none")


def test_dependencies_come_from_the_parse_tree_without_ctes_strings_and_comments() -> None:
    sql = """-- FROM commented
    WITH a AS (SELECT * FROM t1), b AS (SELECT 'FROM quoted' AS x FROM a)
    SELECT * FROM b JOIN t2 USING (x) WHERE x IN (SELECT x FROM t3)"""
    assert tables_read("x", sql) == ("t1", "t2", "t3")


@pytest.mark.parametrize("sql", ["DROP TABLE bars", "SELECT 1; SELECT 2", "SELEKT 1", ""])
def test_anything_but_one_select_is_refused(sql: str) -> None:
    with pytest.raises(ConfigError, match="exactly one SELECT"):
        parse_sql_file("mart__x", f"-- One row is one.\n{sql}")


def test_symbols_that_look_like_numbers_stay_text_and_rewrites_happen_only_on_change(tmp_path: Path) -> None:
    lake, file = Lake(str(tmp_path)), _mart("mart__coverage")
    lake.write("coverage", PartitionKey("007", "D1"), _coverage(20), Facts("a", "code"))
    first, second = build_mart(file, lake, SETTINGS), build_mart(file, lake, SETTINGS)
    assert first.frame["symbol"].to_list() == ["007"]
    assert (first.is_written, second.is_written) == (True, False)
    lake.write("coverage", PartitionKey("1E5", "W1"), _coverage(10), Facts("b", "code"))
    assert build_mart(file, lake, SETTINGS).is_written
    assert read_mart("mart__coverage", lake)["share"].to_list() == [1.0, 0.5]


def test_object_stores_are_read_like_local_lakes() -> None:
    lake = Lake("memory://marts_test")
    lake.write("coverage", PartitionKey("A", "D1"), _coverage(15), Facts("a", "code"))
    assert build_mart(_mart("mart__coverage"), lake, SETTINGS).frame["n_bars"].to_list() == [15]


def test_global_q_values_find_first_the_families_then_what_is_in_them(tmp_path: Path) -> None:
    lake, generator = Lake(str(tmp_path)), np.random.default_rng(3)
    p = {("A", "D1"): generator.uniform(0, 0.02, 30), ("B", "D1"): generator.uniform(size=50), ("B", "W1"): [0.01] * 5}
    for (symbol, timeframe), values in p.items():
        rows = _stats(symbol, timeframe, [*map(float, values), None])
        lake.write("market_stats", PartitionKey(symbol, timeframe), rows, Facts(symbol, timeframe))
    mart = build_mart(_mart("mart__market_stats_top"), lake, SETTINGS).frame
    tested = mart.filter(pl.col("p_value").is_not_null())
    assert tested.height == 85
    assert tested["n_tests_global"].unique().to_list() == [85]
    families = tested.select(pl.concat_str("symbol", "timeframe")).to_series().to_list()
    for rate in (0.01, 0.03, 0.05, 0.1, 0.5):
        expected = found_over_all(tested["p_value"].to_list(), families, rate)
        assert (tested["q_value_global"] <= rate).to_list() == expected
    found = (tested["q_value_global"] <= 0.05) == (tested["verdict_global"] == "significant")
    assert found.all()
    assert 0 < (tested["verdict_global"] == "significant").sum() < 85
    outside = mart.filter(pl.col("p_value").is_null())
    assert outside["q_value_global"].null_count() == outside.height == 3
    assert outside["verdict_global"].unique().to_list() == ["insufficient"]
    assert mart["rank"].to_list() == list(range(1, mart.height + 1))
    assert mart["q_value_global"].drop_nulls().is_sorted()


def test_cells_that_ask_the_same_question_are_one_test_of_the_universe(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    rows = _stats("A", "D1", [0.01, 0.01, 0.04, 0.5])
    first = pl.lit(rows["hypothesis"][0])
    twins = rows.with_columns(hypothesis=pl.when(event="event_001").then(first).otherwise("hypothesis"))
    lake.write("market_stats", PartitionKey("A", "D1"), twins, Facts("a", "b"))
    mart = build_mart(_mart("mart__market_stats_top"), lake, SETTINGS).frame.sort("event")
    assert mart["n_tests_global"].to_list() == [3] * 4
    expected = false_discovery_control([0.01, 0.04, 0.5])
    np.testing.assert_allclose(mart["q_value_global"].to_numpy(), expected[[0, 0, 1, 2]], rtol=1e-12)
    summary = build_mart(_mart("mart__market_stats_summary"), lake, SETTINGS).frame.row(0, named=True)
    assert (summary["n_cells"], summary["n_tested"], summary["n_p_small"]) == (4, 3, 2)


def test_replication_is_counted_over_the_folds_of_a_cell(tmp_path: Path) -> None:
    lake, key = Lake(str(tmp_path)), PartitionKey("A", "D1")
    train = _stats("A", "D1", [0.01, 0.02], split="train")
    second = train.with_columns(fold=pl.lit(1, pl.Int64), replicated=pl.lit(value=False))
    rows = pl.concat([_stats("A", "D1", [0.01, 0.02]), train, second])
    lake.write("market_stats", key, rows, Facts("a", "b"))
    mart = build_mart(_mart("mart__market_stats_top"), lake, SETTINGS).frame
    assert mart.select("n_folds_testable", "n_folds_replicated").unique().rows() == [(2, 1)]
    assert mart.filter(split="train")["rank"].to_list() == [1, 2, 3, 4]


@pytest.fixture
def ranked_lake(tmp_path: Path) -> Lake:
    """Four binary cells, of which the prior shrinks the one with the largest lift, and a numeric one."""
    lake = Lake(str(tmp_path))
    cells = _stats("A", "D1", [0.0001, 0.002, 0.03, None, 0.5]).with_columns(
        lift_freq=pl.Series([0.05, -0.30, 0.20, 0.90, None]),
        lift_bayes=pl.Series([0.05, -0.10, 0.19, 0.50, None]),
        lift_mean=pl.Series([None, None, None, None, 0.004]),
        mean=pl.Series([None, None, None, None, 0.005]),
        mean_ci_low=pl.Series([None, None, None, None, 0.001]),
        mean_ci_high=pl.Series([None, None, None, None, 0.009]),
        p_hat=pl.Series([0.55, 0.20, 0.70, 0.99, None]),
        ci_low=pl.Series([0.52, 0.10, 0.60, 0.90, None]),
        ci_high=pl.Series([0.58, 0.30, 0.80, 1.00, None]),
        baseline=pl.Series([0.50, 0.50, 0.50, 0.09, None]),
        cost_bps=2.0,
        net_open_mean_bps=pl.Series([1.0, -9.0, -3.0, 90.0, 8.0]),
        net_open_against_bps=pl.Series([-5.0, 5.0, -1.0, -94.0, -12.0]),
        clears_cost=pl.Series([False, True, False, True, True]),
        target_kind=pl.Series([*["binary"] * 4, "numeric"]),
        verdict=pl.Series([*["significant"] * 3, "insufficient", "not_significant"]),
    )
    train = cells.with_columns(
        fold=pl.lit(0, pl.Int64), split=pl.lit("train"), replicated=pl.Series([True, None, True, None, False])
    )
    lake.write("market_stats", PartitionKey("A", "D1"), pl.concat([cells, train]), Facts("data", "code", "spec", 7))
    return lake


def test_findings_are_ranked_by_q_and_by_either_lift_and_filtered_for_significance(ranked_lake: Lake) -> None:
    mart = build_mart(_mart("mart__market_stats_top"), ranked_lake, SETTINGS).frame.filter(split="oos_pooled")
    ranks = {r["event"]: (r["rank"], r["rank_lift_freq"], r["rank_lift_bayes"]) for r in mart.iter_rows(named=True)}
    # The largest lift of all belongs to the cell that is too small to be tested: it comes last.
    assert [ranks[f"event_00{i}"][1:] for i in range(5)] == [(3, 3), (1, 2), (2, 1), (4, 4), (None, None)]
    assert [ranks[f"event_00{i}"][0] for i in (0, 1, 2, 4, 3)] == [1, 2, 3, 4, 5]

    names = [f"event_00{i}" for i in range(5)]
    assert named(printed(ranked_lake, by="q_value")) == [names[i] for i in (0, 1, 2, 4, 3)]
    # The lift of a mean is in another unit: it comes behind the rates.
    assert named(printed(ranked_lake, by="lift_freq")) == [names[i] for i in (1, 2, 0, 3, 4)]
    assert named(printed(ranked_lake, by="lift_bayes", significant_only=True)) == [names[i] for i in (2, 1, 0)]
    # Basis points are one unit for rates and means; the cell that is too small comes last, whatever it seems to earn.
    assert named(printed(ranked_lake, by="net")) == [names[i] for i in (4, 1, 0, 2, 3)]


def printed(lake: Lake, **options: Any) -> str:
    """What ``qe top`` prints."""
    console = Console(file=io.StringIO(), width=200)
    print_findings(lake, console, limit=9, **options)
    return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


def named(text: str) -> list[str]:
    """The events, in the order of the table, then of the sentences, which is the same."""
    found = re.findall(r"event_00\d", text)
    assert found[: len(found) // 2] == found[len(found) // 2 :]
    return found[: len(found) // 2]


def test_findings_lead_with_what_pays_and_are_chosen_by_block_and_cost(ranked_lake: Lake) -> None:
    build_mart(_mart("mart__market_stats_top"), ranked_lake, SETTINGS)
    text = printed(ranked_lake)
    assert text.splitlines()[0] == "3 significant of 4 questions tested, 1 of them pays after costs."
    assert re.search(r"\+0\.005 \[\+0\.001, \+0\.009\] +\+0\.001 +\+0\.004 +0\.500", text)
    assert (
        "A D1: After event_001, up_next_bar happened in 20.0 % of 400 cases (10.0 to 30.0 %), less often than on all "
        "bars (50.0 %); traded against it from the next open: net +5.0 bp a trade after 2 bp cost, which pays; "
        "significant (q 0.002); replication could not be tested."
    ) in " ".join(text.split())
    assert named(printed(ranked_lake, clears_cost_only=True)) == ["event_001", "event_004", "event_003"]
    assert named(printed(ranked_lake, clears_cost_only=True, significant_only=True)) == ["event_001"]
    assert named(printed(ranked_lake, event="event_002")) == ["event_002"]
    assert printed(ranked_lake, event="event_002").startswith("1 significant of 1 questions tested, none of them pays")
    assert len(named(printed(ranked_lake, target="up_next_bar", condition="all"))) == 5
    for family, asked in (("event", "event_0002"), ("condition", "al"), ("target", "up_next_br")):
        with pytest.raises(UnknownNameError, match=f"No {family} of these findings is called '{asked}'. Did you mean"):
            printed(ranked_lake, **{family: asked})


def test_cells_that_ask_the_same_question_are_listed_together(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    rows = _stats("A", "D1", [0.01, 0.01, 0.9]).with_columns(
        hypothesis=pl.Series(["event_000 | all | all | up_next_bar"] * 2 + ["event_002 | all | all | up_next_bar"]),
        p_hat=0.6, ci_low=0.5, ci_high=0.7, baseline=0.5, condition=pl.Series(["all", "dow", "all"]),
    )  # fmt: skip
    lake.write("market_stats", PartitionKey("A", "D1"), rows, Facts("a", "b"))
    build_mart(_mart("mart__market_stats_top"), lake, SETTINGS)
    sentences = [line for line in printed(lake).splitlines() if line.startswith("A D1:")]
    assert len(sentences) == 2
    assert "2 questions tested" in printed(lake)
    assert "Same question: event_001, dow = all → up_next_bar." in " ".join(printed(lake).split())
    # Asked for by its own name, the twin is shown, and names the other.
    asked = " ".join(printed(lake, event="event_001").split())
    assert "Same question: event_000 → up_next_bar." in asked


def test_the_summary_counts_tests_findings_and_what_chance_gives(ranked_lake: Lake) -> None:
    mart = build_mart(_mart("mart__market_stats_summary"), ranked_lake, {"fdr": 0.1}).frame
    pooled, train = mart.sort("split").rows(named=True)
    expected = {
        "n_folds": 1, "n_cells": 5, "n_insufficient": 1, "n_tested": 4, "n_significant": 3, "n_false_expected": 0.3,
        "n_p_small": 3, "n_p_small_by_chance": 0.2, "q_value_min": 0.0001, "strongest_event": "event_000",
        "data_version": "data", "code_version": "code", "spec_id": "spec", "seed": 7,
    }  # fmt: skip
    for row in (pooled, train):
        assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert (train["n_replication_testable"], train["n_replicated"]) == (2, 2)
    assert (pooled["n_replication_testable"], pooled["n_replicated"]) == (None, None)


def test_a_header_that_promises_other_columns_or_a_key_that_repeats_is_an_error() -> None:
    file = parse_sql_file("mart__x", "-- One row is one a.\n-- Key: a\n--   a | id | Name.\nSELECT 1 AS a")
    with pytest.raises(DataContractError, match="header promises"):
        check_promises(file, pl.DataFrame({"b": [1]}))
    with pytest.raises(DataContractError, match="not unique"):
        check_promises(file, pl.DataFrame({"a": [1, 1]}))


def test_an_undeclared_table_and_a_missing_mart_are_named(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    with pytest.raises(LakeError, match="no declaration"):
        run_select(parse_sql_file("x", "-- Rows.\nSELECT * FROM nowhere"), lake)
    with pytest.raises(UnknownNameError, match="No mart is called 'mart__y'"):
        run_select(parse_sql_file("x", "-- Rows.\nSELECT * FROM mart__y"), lake)
    with pytest.raises(LakeError, match="mart__quality is not in the lake"):
        run_select(parse_sql_file("x", "-- Rows.\nSELECT * FROM mart__quality"), lake)
    with pytest.raises(LakeError, match="qe launch marts"):
        read_mart("mart__coverage", lake)
