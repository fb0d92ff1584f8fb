"""``qe inspect`` tells what a run would store, in words and as JSON, and leaves no lake behind."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from quant_pipelines.cli import run

HOURS = "".join(f"2024-01-02 {h:02}:00,10,12,9,11,{h}\n" for h in range(10))
HOURLY = f"time,open,high,low,close,volume\n{HOURS}2024-01-02 10:00,10,12,9,x,5\n2024-01-02 09:00,10,12,9,11,9\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; the environment names a lake that must not come to be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUANT_LAKE", str(tmp_path / "lake"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return tmp_path


def inspected(*arguments: str) -> tuple[int, str]:
    """Exit code and what was printed."""
    out = io.StringIO()
    return run(["inspect", *arguments], Console(file=out, width=120)), out.getvalue()


def as_json(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the JSON printed."""
    code, text = inspected("--json", *arguments)
    return code, json.loads(text)


def test_every_row_of_a_file_is_accounted_for(folder: Path) -> None:
    (folder / "ABC.csv").write_text(HOURLY)
    code, told = as_json("ABC.csv", "--bars", "out.parquet")
    series = told["series"][0]
    assert code == 0
    assert told["files"] == [{"path": "ABC.csv", "refused": None}]
    assert (series["symbol"], series["timeframe"], series["n_bars"]) == ("ABC", "H1", 10)
    assert series["quarantined"] == series["unreadable"] == {"unparsable_close": 1}
    assert series["dropped"] == {"identical_duplicate": 1}
    assert series["n_rows_in"] == 12
    bars = pl.read_parquet("out.parquet")
    assert bars.columns[:4] == ["symbol", "timeframe", "ts", "ts_close"]
    assert bars["volume"].to_list() == [float(h) for h in range(10)]
    assert not (folder / "lake").exists()


def test_coarser_bars_are_made_where_they_are_asked_for(folder: Path) -> None:
    (folder / "ABC.csv").write_text(HOURLY)
    code, told = as_json("--timeframes", "H4,D1", "--bars", "out.parquet", "ABC.csv")
    assert code == 1, "the day is not complete, so D1 has no bar"
    assert [(s["timeframe"], s["made_from"], s["n_bars"]) for s in told["series"]] == [
        ("H1", None, 10),
        ("H4", "H1", 2),
        ("D1", "H1", 0),
    ]
    assert pl.read_parquet("out.parquet").filter(timeframe="H4")["volume"].to_list() == [6.0, 22.0]


def test_a_refused_file_is_named_and_costs_the_exit_code(folder: Path) -> None:
    (folder / "ABC.csv").write_text(HOURLY)
    (folder / "ticks.csv").write_text("time,bid,ask\n2024-01-02 10:00:01,1,2\n2024-01-02 10:00:02,1,2\n")
    code, told = as_json(".")
    assert code == 1
    assert [f["path"] for f in told["files"]] == ["ABC.csv", "ticks.csv"]
    assert told["files"][0]["refused"] is None
    assert "tick file" in told["files"][1]["refused"]
    assert [s["symbol"] for s in told["series"]] == ["ABC"]


def test_a_declared_feed_and_the_moment_are_used(folder: Path) -> None:
    (folder / "ABC.csv").write_text(HOURLY)
    (folder / "feed.yaml").write_text("- pattern: '*.csv'\n  zone: '-05:00'\n  symbol: XYZ\n")
    _, told = as_json("--feed", "feed.yaml", "--now", "2024-01-02T10:30:00Z", "ABC.csv")
    series = told["series"][0]
    assert series["symbol"] == "XYZ"
    assert series["n_bars"] == 5, "05:00 to 09:00 UTC are complete at 10:30"
    assert {(t["name"], t["origin"]) for t in series["traits"]} >= {("zone", "declared"), ("bar_stamp", "assumed")}


def test_text_names_origin_of_every_trait_and_the_ready_entry(folder: Path) -> None:
    (folder / "ABC.csv").write_text(HOURLY)
    code, text = inspected("ABC.csv")
    assert code == 0
    for part in (
        "zone          UTC  [assumed]",
        "timeframe     H1 (usual step)  [detected]",
        "first bar     2024-01-02 00:00 to 2024-01-02 01:00 UTC  O 10 H 12 L 9 C 11 V 0",
        "12 in = 10 kept + 1 dropped + 0 quarantined + 1 unreadable",
        '- pattern: "ABC.csv"',
        'zone: "UTC"  # assumed',
    ):
        assert part in text


def test_the_ready_entry_reads_the_file_the_same(folder: Path) -> None:
    (folder / "ABC.csv").write_text(HOURLY)
    _, before = as_json("ABC.csv", "--bars", "before.parquet")
    (folder / "feed.yaml").write_text(before["series"][0]["entry"])
    _, after = as_json("ABC.csv", "--feed", "feed.yaml", "--bars", "after.parquet")
    assert not [t for t in after["series"][0]["traits"] if t["origin"] == "assumed"]
    assert pl.read_parquet("before.parquet").equals(pl.read_parquet("after.parquet"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["missing.csv"], "No file missing.csv"),
        (["ABC.csv", "--now", "noon"], "--now"),
        (["ABC.csv", "--feed", "missing.yaml"], "missing.yaml"),
        (["ABC.csv", "--timeframes", "1M"], "1M"),
    ],
)
def test_wrong_arguments_are_one_line(folder: Path, arguments: list[str], expected: str) -> None:
    (folder / "ABC.csv").write_text(HOURLY)
    code, text = inspected(*arguments)
    assert code == 1
    assert text.startswith("Error: ")
    assert expected in text
