"""Clean: only files that this project can make again go; inputs, raw rows, foreign and unknown files stay."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from quant_core.tables import TABLES
from quant_pipelines.automation.clean_plan import CleanPlan, plan_clean
from quant_pipelines.cli import run
from quant_pipelines.lake.facts import Facts
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey, SymbolKey
from quant_pipelines.lake.unpartitioned import publish_table
from quant_pipelines.resources import PACKAGED_CONFIG

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = b"telemetry: {enabled: false}\n"
KEY = PartitionKey("AAA", "D1")


def _write(root: Path, *paths: str, content: bytes = b"x") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def _fill_lake(root: Path) -> None:
    """Everything a lake may hold, by this project and by people."""
    lake = Lake(str(root))
    for table in ("bars", "quality", "features"):
        lake.write(table, KEY, TABLES[table].empty(), Facts("a", "b"))
    lake.write("bars", PartitionKey("GONE", "D1"), TABLES["bars"].empty(), Facts("a", "b"))
    lake.write("coverage", SymbolKey("AAA"), TABLES["coverage"].empty(), Facts("a", "b"))
    publish_table(lake, "mart__coverage", pl.DataFrame({"x": [1]}), Facts("a", "b"), schema_version="")
    with lake.lock("bars", KEY):
        pass
    page = b'<html><meta name="report-identity" content="1"></html>'
    _write(root, "reports/AAA.html", content=page)
    _write(
        root,
        "README.md",
        "inbox/AAA.csv",
        "inbox/bars/symbol=AAA/timeframe=D1/data.parquet",
        "raw_bars/symbol=AAA/timeframe=D1/manifest.json",
        "raw_bars/symbol=AAA/timeframe=D1/_v1/part-00001.parquet",
        "bars/symbol=AAA/timeframe=D1/.data.parquet.0123abcd.tmp",
        "bars/symbol=AAA/timeframe=D1/my notes.txt",
        "bars/symbol=AAA/timeframe=W1/data.parquet",
        "my_table/symbol=AAA/timeframe=D1/data.parquet",
        "reports/written_by_hand.html",
        ".index/inbox.json",
        ".index/mine.txt",
        "results.sqlite",
    )


LAKE_GOES = {
    "bars/symbol=AAA/timeframe=D1/data.parquet",
    "bars/symbol=AAA/timeframe=D1/.data.parquet.0123abcd.tmp",
    "quality/symbol=AAA/timeframe=D1/data.parquet",
    "features/symbol=AAA/timeframe=D1/data.parquet",
    "coverage/symbol=AAA/data.parquet",
    "mart__coverage/data.parquet",
    "reports/AAA.html",
    ".index/inbox.json",
    ".locks/bars/AAA/D1.lock",
    ".locks/bars/AAA/D1.holder",
    ".locks/mart__coverage/data.parquet.lock",
    ".locks/mart__coverage/data.parquet.holder",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with an environment, a Dagster home and a full lake; a foreign folder beside it."""
    root = tmp_path / "checkout"
    _write(root, "pyproject.toml", "Makefile", "notes.md", ".venv/pyvenv.cfg", ".venv/lib/a.py")
    _write(root, ".dagster_home/history/runs.db", ".dagster_home/storage/a/b", ".dagster_home/my_script.py")
    _write(root, ".dagster_home/dagster.yaml", content=SETTINGS)
    _fill_lake(root / "data_lake")
    return root


def _files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def _planned(plan: CleanPlan) -> set[Path]:
    files = {file for entry in plan.goes for file in entry.files}
    return files | {p for entry in plan.goes for tree in entry.trees for p in tree.rglob("*") if p.is_file()}


def test_only_what_can_be_made_again_goes(checkout: Path) -> None:
    before = _files(checkout)
    plan = plan_clean(checkout, "data_lake", None, SETTINGS)
    assert _files(checkout) == before
    assert plan.goes[-1].place == ".venv"
    plan.carry_out()
    expected = {f"data_lake/{path}" for path in LAKE_GOES} | {
        ".venv/pyvenv.cfg",
        ".venv/lib/a.py",
        ".dagster_home/history/runs.db",
        ".dagster_home/storage/a/b",
        ".dagster_home/dagster.yaml",
    }
    assert before - _files(checkout) == expected
    assert not (checkout / "data_lake" / "features").exists()
    assert (checkout / ".dagster_home" / "my_script.py").exists()


def test_every_file_is_listed_as_going_or_as_staying_with_its_reason(checkout: Path) -> None:
    plan = plan_clean(checkout, "data_lake", None, SETTINGS)
    reasons = {entry.place: entry.reason for entry in plan.stays}
    assert reasons["data_lake/raw_bars"].startswith("raw rows and manifests")
    assert reasons["data_lake/inbox"] == "not known, or put there by people"
    assert reasons[".dagster_home/my_script.py"] == "not known"
    staying = {file for entry in plan.stays for file in entry.files}
    lake = {checkout / "data_lake" / path for path in _files(checkout / "data_lake")}
    assert lake == {p for p in staying | _planned(plan) if p.is_relative_to(checkout / "data_lake")}
    gone = [e for e in plan.stays if e.reason == "its raw rows are not in the lake"]
    assert [[f.parent.parent.name for f in e.files] for e in gone] == [["symbol=GONE"]]


def test_an_exported_home_and_a_lake_outside_the_checkout_are_never_touched(checkout: Path, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    _fill_lake(outside / "lake")
    _write(outside, "home/dagster.yaml", content=SETTINGS)
    _write(outside, "home/history/runs.db")
    before, inside = _files(outside), _files(checkout / "data_lake")
    for url in (str(outside / "lake"), "../elsewhere/lake", "s3://bucket/lake", "memory://lake"):
        plan = plan_clean(checkout, url, outside / "home", SETTINGS)
        assert not [p for p in _planned(plan) if p.resolve().is_relative_to(outside)]
        assert any(entry.reason == "a lake outside the checkout" for entry in plan.stays)
        assert any(entry.place == str(outside / "home") for entry in plan.stays)
        assert {e.place for e in plan.goes} == {".venv", ".dagster_home", ".dagster_home/dagster.yaml"}
    plan.carry_out()
    assert _files(outside) == before
    assert _files(checkout / "data_lake") == inside


def test_a_home_inside_the_checkout_that_make_did_not_create_stays(checkout: Path) -> None:
    _write(checkout, "my_home/history/runs.db")
    for home in (checkout / "my_home", checkout):
        plan = plan_clean(checkout, "data_lake", home, SETTINGS)
        assert not [p for p in _planned(plan) if p.is_relative_to(checkout / "my_home")]
        assert any(entry.place == str(home) for entry in plan.stays)


def test_edited_settings_stay(checkout: Path) -> None:
    _write(checkout, ".dagster_home/dagster.yaml", content=b"storage: {postgres: {}}\n")
    plan = plan_clean(checkout, "data_lake", checkout / ".dagster_home", SETTINGS)
    plan.carry_out()
    assert (checkout / ".dagster_home" / "dagster.yaml").read_bytes() == b"storage: {postgres: {}}\n"


@pytest.mark.parametrize("link", [".venv", ".dagster_home", "data_lake"])
def test_links_are_not_followed(checkout: Path, tmp_path: Path, link: str) -> None:
    (checkout / link).rename(tmp_path / "real")
    (checkout / link).symlink_to(tmp_path / "real")
    before = _files(tmp_path / "real")
    plan_clean(checkout, "data_lake", None, SETTINGS).carry_out()
    assert _files(tmp_path / "real") == before
    assert (checkout / link).is_symlink()


@pytest.mark.parametrize("lake", [".venv/lake", ".dagster_home/storage", "."])
def test_a_lake_in_a_folder_that_would_go_keeps_that_folder(checkout: Path, lake: str) -> None:
    _write(checkout / lake, "raw_bars/symbol=AAA/timeframe=D1/manifest.json")
    plan_clean(checkout, lake, None, SETTINGS).carry_out()
    assert (checkout / lake / "raw_bars/symbol=AAA/timeframe=D1/manifest.json").is_file()


@pytest.fixture
def command(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Console]:
    monkeypatch.setenv("QUANT_LAKE", "data_lake")
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    _write(checkout, ".dagster_home/dagster.yaml", content=(PACKAGED_CONFIG / "dagster.yaml").read_bytes())
    return checkout, Console(file=io.StringIO(), width=200)


def _printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_command_lists_and_deletes_nothing_on_a_dry_run(command: tuple[Path, Console]) -> None:
    checkout, console = command
    before = _files(checkout)
    assert run(["clean", "--checkout", str(checkout), "--dry-run"], console) == 0
    assert _files(checkout) == before
    text = _printed(console)
    assert text.index("data_lake/inbox: 2 files: not known, or put there by people") < text.index("Goes:")
    assert "data_lake/features: 1 files: computed again by a run" in text


@pytest.mark.parametrize(("answer", "is_deleted"), [("yes", True), ("y", False), ("", False)])
def test_the_command_asks_first(
    command: tuple[Path, Console], monkeypatch: pytest.MonkeyPatch, answer: str, is_deleted: bool
) -> None:
    checkout, console = command
    monkeypatch.setattr("builtins.input", lambda *_: answer)
    assert run(["clean", "--checkout", str(checkout)], console) == (0 if is_deleted else 1)
    assert (checkout / ".venv").exists() != is_deleted
    assert (checkout / "data_lake" / "inbox" / "AAA.csv").exists()


def test_without_a_terminal_the_command_says_how_to_agree(
    command: tuple[Path, Console], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, console = command
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(["clean", "--checkout", str(checkout)], console) == 1
    assert "make clean CONFIRM=yes" in _printed(console)
    assert (checkout / ".venv").exists()
    assert run(["clean", "--checkout", str(checkout), "--yes"], console) == 0
    assert not (checkout / ".venv").exists()


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200)
    assert run(["clean", "--checkout", str(tmp_path)], console) == 1
    assert "is no checkout" in _printed(console)


@pytest.mark.parametrize(("variables", "expected"), [([], ""), (["CONFIRM=yes"], "--yes"), (["CONFIRM=no"], "")])
def test_make_leaves_everything_to_the_command(tmp_path: Path, variables: list[str], expected: str) -> None:
    _write(tmp_path, ".venv/bin/qe", content=b'#!/bin/sh\necho "$@"\n')
    (tmp_path / ".venv/bin/qe").chmod(0o755)
    done = subprocess.run(
        ["make", "-f", str(ROOT / "Makefile"), "clean", *variables],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "DAGSTER_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"clean --checkout {tmp_path} {expected}".strip()
