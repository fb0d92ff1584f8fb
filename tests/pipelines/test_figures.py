"""Figures of the research marts: drawn from rows and from none, equal for equal rows, sizes written on them."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from quant_pipelines.marts.marts import mart_files
from quant_pipelines.plots import correlation_matrix, lift_comparison, market_stats_heat_map, stability_map, svg
from quant_pipelines.plots.mart_entries import mart_figures


def _texts(image: bytes) -> list[str]:
    return ["".join(e.itertext()).strip() for e in ET.fromstring(image).iter("{http://www.w3.org/2000/svg}text")]


def _heat_map_cells() -> pl.DataFrame:
    def cell(split: str, state: int, n: int, verdict: str) -> Mapping[str, object]:
        return {
            "symbol": "A", "timeframe": "D1", "split": split, "fold": -1 if split == "oos_pooled" else 2,
            "event": "gap_up", "target": "up_next_bar", "target_kind": "binary", "condition": "hour",
            "condition_value": str(state), "bin_order": state, "n": n, "n_eff": n / 2, "estimate": 0.55,
            "baseline": 0.5, "lift": 0.05, "q_value": 0.01, "verdict": verdict,
        }  # fmt: skip

    splits = ("train", "test", "oos_pooled")
    return pl.DataFrame([cell(s, state, 10_000 * state + 246, "significant") for s in splits for state in (1, 0, 2)])


def test_the_heat_map_puts_train_beside_test_with_n_and_n_eff_in_every_cell() -> None:
    cells = _heat_map_cells()
    texts = _texts(market_stats_heat_map(cells, title="what", render=svg))
    assert [t for t in texts if t.startswith(("train", "test"))] == [
        "train (fold 2)", "test (fold 2)", "tests of all folds pooled",
    ]  # fmt: skip
    assert texts.count("246 / 123") == texts.count("10k / 5123") == 3
    assert [t for t in texts if t in {"0", "1", "2"}] == ["0", "1", "2"] * 3


def test_the_comparison_shows_the_sizes_of_both_symbols() -> None:
    row = {
        "symbol_a": "A", "symbol_b": "B", "timeframe": "D1", "dimension": "dow", "bin": "4", "metric": "next_p_up",
        "reading": "next",
        "unit": "fraction", "n_a": 401, "n_eff_a": 302.0, "n_b": 203, "n_eff_b": 104.0, "lift_a": 0.1, "lift_b": 0.0,
        "lift_diff": 0.1, "lift_diff_low": 0.02, "lift_diff_high": 0.18,
    }  # fmt: skip
    texts = _texts(lift_comparison(pl.DataFrame([row]), title="what", render=svg))
    assert {"401 / 302", "203 / 104", "lift of A - lift of B [fraction], with interval"} <= set(texts)
    assert "what (next bar)" in texts


def test_the_matrix_shows_values_intervals_and_bins() -> None:
    rows = [("A", "A", 1.0, None, None), ("A", "B", -0.5, -0.9, 0.1), ("B", "A", -0.5, -0.9, 0.1)]
    frame = pl.DataFrame(rows, ["symbol_a", "symbol_b", "correlation", "ci_low", "ci_high"], orient="row")
    frame = frame.with_columns(n_bins=pl.lit(12), reading=pl.lit("own"))
    texts = _texts(correlation_matrix(frame, title="what", render=svg))
    assert "what (own bar)" in texts
    assert texts.count("-0.50") == texts.count("[-0.90, +0.10]") == 2
    assert texts.count("12 bins") == 3


def test_the_stability_map_shows_n_over_the_years_and_n_eff() -> None:
    rows = [("4", 0, "2019", 50, 0.1), ("4", 0, "2020", 52, -0.1), ("4", 0, "half_1", 51, 0.0)]
    frame = pl.DataFrame(rows, ["bin", "bin_order", "period", "n", "lift"], orient="row")
    year = pl.col("period") == "2019"
    frame = frame.with_columns(
        n_sessions=pl.when(year).then(50).otherwise(252), n_sessions_scheduled=pl.lit(252), is_partial=year
    ).with_columns(reading=pl.lit("own"))
    texts = _texts(stability_map(frame, title="what", n_eff={"4": 77.2}, render=svg))
    assert {"what (own bar)", "4  n 102  n_eff 77", "2019*", "2020"} <= set(texts)
    assert any("* bars lack in more than 2 % of its sessions: 2019 has 50 of 252" in text for text in texts)


@pytest.mark.parametrize("name", sorted({f.plot for f in mart_files() if f.plot}))
def test_every_figure_of_a_mart_draws_an_empty_mart(name: str) -> None:
    file = next(f for f in mart_files() if f.plot == name)
    texts = {"id", "label", "date"}
    types = {
        c.name: pl.Date if c.unit == "date" else pl.String if c.unit in texts else pl.Float64 for c in file.columns
    }
    assert mart_figures()[name](pl.DataFrame(schema=types)).startswith(b"\x89PNG")


def test_equal_rows_give_equal_bytes_in_both_forms() -> None:
    cells = _heat_map_cells()
    assert market_stats_heat_map(cells, title="a") == market_stats_heat_map(cells.clone(), title="a")
    assert market_stats_heat_map(cells, title="a", render=svg) == market_stats_heat_map(cells, title="a", render=svg)
