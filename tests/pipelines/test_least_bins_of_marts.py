"""How many bins two symbols must share for a correlation and for its interval, and which bins count: by hand."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
import pytest

from quant_core.tables import TABLES
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.marts.marts import build_mart, mart_files

Z = NormalDist().inv_cdf(0.975)
MART = next(file for file in mart_files() if file.name == "mart__seasonality_correlation")
SCHEMA = TABLES["seasonality_profiles"].schema


def bins(*lifts: float | None, **other: Any) -> list[dict[str, Any]]:
    """Bins 0, 1, … of one profile, all of them tested."""
    known = {"fold": -1, "split": "all", "dimension": "hour", "metric": "own_ret_mean", "metric_name": "own_ret_mean",
             "reading": "own", "verdict": "not_significant"}  # fmt: skip
    return [{**known, "bin": str(i), "bin_order": i, "lift": lift, **other} for i, lift in enumerate(lifts)]


def matrix(root: Path, symbols: dict[str, list[dict[str, Any]]], timeframe: str = "H1") -> pl.DataFrame:
    """The mart of some symbols' bins."""
    lake = Lake(str(root))
    for symbol, rows in symbols.items():
        columns = {"symbol": symbol, "timeframe": timeframe}
        full = [{**dict.fromkeys(SCHEMA), **columns, **row} for row in rows]
        frame = pl.DataFrame(full, schema=SCHEMA)
        lake.write("seasonality_profiles", PartitionKey(symbol, timeframe), frame, Facts(symbol, "code"))
    return build_mart(MART, lake, {"seasonality_z": Z}).frame


def pair(mart: pl.DataFrame, a: str = "A", b: str = "B") -> tuple[Any, ...]:
    """Number of bins, correlation and interval of two symbols."""
    found = mart.filter(symbol_a=a, symbol_b=b)
    return found.select("n_bins", "correlation", "ci_low", "ci_high").row(0)


@pytest.mark.parametrize(
    ("a", "b", "correlation", "margin"),
    [
        ((1.0,), (1.0,), None, None),
        ((-1.0, 1.0), (-1.0, 2.0), None, None),  # two points lie on a line whatever they are
        # Deviations −1, 0, 1 and −1, −1, 2: 3/√(2·6).
        ((-1.0, 0.0, 1.0), (0.0, 0.0, 3.0), math.sqrt(3) / 2, None),  # three bins leave Fisher's z no variance
        # (9 − 1 − 1 + 9)/20 and (2 + 2 + 0 + 2 + 2)/10: both 0.8, whose z is ½·ln 9 = ln 3.
        ((-3.0, -1.0, 1.0, 3.0), (-3.0, 1.0, -1.0, 3.0), 0.8, Z),
        ((-2.0, -1.0, 0.0, 1.0, 2.0), (-1.0, -2.0, 0.0, 2.0, 1.0), 0.8, Z / math.sqrt(2)),
        ((-3.0, -1.0, 1.0, 3.0), (3.0, -1.0, 1.0, -3.0), -0.8, Z),
    ],
)
def test_least_bins_of_a_correlation_and_of_its_interval(
    tmp_path: Path, a: tuple[float, ...], b: tuple[float, ...], correlation: float | None, margin: float | None
) -> None:
    mart = matrix(tmp_path, {"A": bins(*(0.01 * x for x in a)), "B": bins(*(0.01 * x for x in b))})
    n_bins, found, low, high = pair(mart)
    assert n_bins == len(a)
    assert found == (None if correlation is None else pytest.approx(correlation, abs=1e-12))
    if correlation is None or margin is None:
        assert (low, high) == (None, None)
    else:
        z = math.copysign(math.log(3), correlation)
        assert (low, high) == (pytest.approx(math.tanh(z - margin)), pytest.approx(math.tanh(z + margin)))
    # It is a matrix: the same above the diagonal and below it.
    assert pair(mart, "B", "A") == pytest.approx((n_bins, found, low, high))
    assert pair(mart, "A", "A") == (len(a), 1.0 if len(a) >= 3 else None, None, None)


def test_only_tested_bins_of_both_symbols_count(tmp_path: Path) -> None:
    """Nine bins each, of which the last five differ in what keeps one of the two out."""
    ordinary, apart = [-3.0, -1.0, 1.0, 3.0], [90.0, -80.0, 70.0, -60.0, 50.0]
    a, b = bins(*ordinary, *apart), bins(-3.0, 1.0, -1.0, 3.0, *apart)
    a[4]["verdict"], b[5]["verdict"] = "insufficient", "insufficient"
    a[6]["lift"] = None
    a[7]["bin"] = "other"
    b[8]["split"] = "train"
    # A word about spread or power is none about the number of bars.
    a[0]["verdict"], a[1]["verdict"], b[2]["verdict"] = None, "underpowered", "significant"
    bounds = (math.tanh(math.log(3) + sign * Z) for sign in (-1, 1))
    assert pair(matrix(tmp_path, {"A": a, "B": b})) == pytest.approx((4, 0.8, *bounds))


def test_profiles_of_other_questions_are_not_mixed(tmp_path: Path) -> None:
    one, other = (-3.0, -1.0, 1.0, 3.0), (-3.0, 1.0, -1.0, 3.0)
    profiles = {
        "A": bins(*one) + bins(*one, dimension="dow") + bins(*one, metric="amp_mean", metric_name="amp_mean"),
        "B": bins(*other) + bins(*one, dimension="dow") + bins(*one, metric="n_runs", metric_name="n_runs"),
    }
    mart = matrix(tmp_path, profiles)
    across = mart.filter(symbol_a="A", symbol_b="B").select("dimension", "metric", "n_bins").rows()
    assert across == [("dow", "own_ret_mean", 4), ("hour", "own_ret_mean", 4)]
    # Counts are no headline metric; amplitudes are, of the one symbol that has them.
    assert mart["metric"].value_counts().sort("metric").rows() == [("amp_mean", 1), ("own_ret_mean", 8)]
    later = matrix(tmp_path, {"C": bins(*one)}, timeframe="D1")
    assert later.filter(timeframe="D1").select("symbol_a", "symbol_b").rows() == [("C", "C")]


@pytest.mark.parametrize("flat", [0.0, 0.1])
def test_lifts_without_spread_have_no_correlation(tmp_path: Path, flat: float) -> None:
    mart = matrix(tmp_path, {"A": bins(*[flat] * 5), "B": bins(1.0, 2.0, 3.0, 5.0, 8.0)})
    for a, b in (("A", "B"), ("B", "A"), ("A", "A")):
        assert pair(mart, a, b) == (5, None, None, None)
    assert pair(mart, "B", "B") == (5, 1.0, None, None)


def test_proportional_lifts_have_no_interval_whatever_their_last_digits(tmp_path: Path) -> None:
    """Twenty symbols with the same shape, half of them upside down: sums leave 1 by rounding in some of them."""
    draw = np.random.default_rng(4)
    shape = draw.normal(0, 0.01, 24)
    scales = {f"S{i:02}": float(scale) for i, scale in enumerate(draw.uniform(0.5, 3, 20) * np.resize([1, -1], 20))}
    mart = matrix(tmp_path, {symbol: bins(*(scale * shape)) for symbol, scale in scales.items()})
    assert mart.height == 400
    for row in mart.iter_rows(named=True):
        sign = math.copysign(1, scales[row["symbol_a"]] * scales[row["symbol_b"]])
        assert row["correlation"] == pytest.approx(sign, abs=1e-12)
        assert abs(row["correlation"]) <= 1
        assert (row["ci_low"], row["ci_high"]) == (None, None)
