"""What is claimed about one symbol and timeframe does not depend on strangers; what is claimed over all does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from quant_core.tables import TABLES
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.marts.marts import build_mart, mart_files
from quant_pipelines.reading.findings import Findings, strongest_findings
from quant_pipelines.reading.seasonal_bins import seasonal_bins
from tests.pipelines.two_levels import found_over_all

FDR = 0.1
SETTINGS = {"fdr": FDR, "seasonality_z": 1.96, "seasonality_q_max": FDR}
MINE = np.r_[1e-5, 2e-4, 0.002, np.linspace(0.05, 1, 37)].tolist()
STRANGERS = {"QUIET": np.linspace(0.02, 1, 400).tolist(), "LOUD": np.geomspace(1e-12, 1e-4, 200).tolist()}


def own_q(p_values: Sequence[float]) -> np.ndarray:
    """Benjamini-Hochberg by its definition."""
    p, m = np.asarray(p_values), len(p_values)
    ranked = np.sort(p) * m / np.arange(1, m + 1)
    return np.array([min(ranked[np.sum(p < value) :].min(), 1.0) for value in p])


def lake_with(folder: Path, symbols: Mapping[str, Sequence[float]]) -> Lake:
    """Pooled out-of-sample cells of symbols with given p-values, and the mart of them."""
    lake, schema = Lake(str(folder)), TABLES["market_stats"].schema
    for symbol, p_values in symbols.items():
        n, q = len(p_values), own_q(p_values)
        events = [f"event_{i:03}" for i in range(n)]
        columns = {
            "symbol": [symbol] * n, "timeframe": ["D1"] * n, "fold": [-1] * n, "split": ["oos_pooled"] * n,
            "event": events, "condition": ["all"] * n, "condition_value": ["all"] * n, "target": ["up"] * n,
            "hypothesis": [f"{event} | all | all | up" for event in events], "target_kind": ["binary"] * n,
            "horizon_bars": [1] * n, "n": [500] * n, "lift_freq": [0.01] * n, "p_value": list(p_values),
            "q_value": q.tolist(), "verdict": ["significant" if v <= FDR else "not_significant" for v in q],
        }  # fmt: skip
        rows = pl.DataFrame({name: columns.get(name, [None] * n) for name in schema}, schema=schema)
        lake.write("market_stats", PartitionKey(symbol, "D1"), rows, Facts(symbol, "code"))
    build_mart(next(f for f in mart_files() if f.name == "mart__market_stats_top"), lake, SETTINGS)
    return lake


def claims(found: Findings) -> dict[str, tuple[float, str]]:
    """Event → q and verdict that are shown."""
    return {row["event"]: (row["q_value_global"], row["verdict_global"]) for row in found.rows.iter_rows(named=True)}


@pytest.mark.parametrize("strangers", [(), ("QUIET",), ("LOUD",), ("QUIET", "LOUD")])
def test_no_stranger_changes_what_is_claimed_about_one_symbol_and_timeframe(
    tmp_path: Path, strangers: tuple[str, ...]
) -> None:
    lake = lake_with(tmp_path, {"MINE": MINE} | {name: STRANGERS[name] for name in strangers})
    found = strongest_findings(lake, symbols=["MINE"])
    expected = own_q(MINE)
    shown = claims(found)
    assert found.scope == "MINE D1 alone"
    assert found.n_by_verdict == {"not_significant": 37, "significant": 3}
    for i, q in enumerate(expected):
        assert shown[f"event_{i:03}"][0] == pytest.approx(q)
        assert shown[f"event_{i:03}"][1] == ("significant" if q <= FDR else "not_significant")
    assert found.rows["event"].to_list()[:3] == ["event_000", "event_001", "event_002"]


def test_the_claim_over_all_symbols_is_that_of_the_two_levels(tmp_path: Path) -> None:
    universe = {"MINE": MINE} | STRANGERS
    found = strongest_findings(lake_with(tmp_path, universe))
    p_values = [p for values in universe.values() for p in values]
    families = [name for name, values in universe.items() for _ in values]
    expected = sum(found_over_all(p_values, families, FDR))
    assert found.scope == "all symbols, timeframes and folds"
    assert found.n_by_verdict["significant"] == expected
    # A quiet symbol is not flooded by the discoveries of a loud one: pooled, its smallest p-values would be found.
    quiet = found.rows.filter(symbol="QUIET")
    assert set(quiet["verdict_global"]) == {"not_significant"}
    assert set(found.rows.filter(symbol="LOUD")["verdict_global"]) == {"significant"}


def test_what_is_claimed_over_all_is_claimed_of_its_symbol_too(tmp_path: Path) -> None:
    rows = strongest_findings(lake_with(tmp_path, {"MINE": MINE} | STRANGERS)).rows
    everywhere = rows.filter(verdict_global="significant")
    assert everywhere.height > 200
    assert set(everywhere["verdict"]) == {"significant"}
    assert (rows["q_value_global"] >= rows["q_value"] - 1e-12).all()


def test_seasonal_bins_of_one_symbol_are_judged_by_its_own_bins(tmp_path: Path) -> None:
    lake, schema = Lake(str(tmp_path)), TABLES["seasonality_profiles"].schema
    for symbol, p_values in ({"MINE": MINE} | STRANGERS).items():
        n, q = len(p_values), own_q(p_values)
        bins = [f"{i:03}" for i in range(n)]
        columns = {
            "symbol": [symbol] * n, "timeframe": ["D1"] * n, "split": ["all"] * n, "dimension": ["dow"] * n,
            "bin": bins, "bin_order": list(range(n)), "metric": ["p_up"] * n, "metric_name": ["p_up"] * n,
            "hypothesis": [f"dow | {name}" for name in bins], "n": [500] * n, "p_value": list(p_values),
            "q_value": q.tolist(),
        }  # fmt: skip
        rows = pl.DataFrame({name: columns.get(name, [None] * n) for name in schema}, schema=schema)
        lake.write("seasonality_profiles", PartitionKey(symbol, "D1"), rows, Facts(symbol, "code"))
    build_mart(next(f for f in mart_files() if f.name == "mart__seasonality_profiles"), lake, SETTINGS)
    assert seasonal_bins(lake, symbols=["MINE"], q_max=FDR).height == 3
    everywhere = seasonal_bins(lake, q_max=FDR)
    assert set(everywhere["symbol"]) == {"MINE", "LOUD"}
    assert seasonal_bins(lake, symbols=["QUIET"], q_max=FDR).is_empty()
