"""The state of a key: one answer for status, backfill and everybody else, true whatever happens to symbols and runs."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from quant_core.errors import QuantError
from quant_pipelines.assets import features
from quant_pipelines.cli import run
from quant_pipelines.lake.partitions import TIMEFRAMES
from tests.pipelines.small_project import RESEARCH, SmallProject, daily_csv, keys_of

N_BARS = 60
OTHER_FEATURES = RESEARCH.replace("sma(window_bars=5)", "sma(window_bars=6)")
assert OTHER_FEATURES != RESEARCH


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """Two daily symbols, registered and brought up to date, in a DAGSTER_HOME that the environment names."""
    made = SmallProject.at(tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    for symbol in ("AAA", "BBB"):
        made.drop(symbol, daily_csv(symbol, N_BARS))
    _qe("launch", "register_symbols")
    made.instance.dispose()
    made.instance = dg.DagsterInstance.get()
    assert made.keys_that_are("missing") == keys_of(["AAA", "BBB"], ["D1", "W1"])
    assert made.run_range("research", "AAA|D1", "BBB|W1").success
    assert made.keys_that_are("up_to_date") == keys_of(["AAA", "BBB"], ["D1", "W1"])
    return made


def _qe(*arguments: str) -> str:
    console = Console(file=io.StringIO(), width=240, force_terminal=False)
    run(arguments, console)
    return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


def _assert_status_equals_backfill(project: SmallProject) -> dict[str, int]:
    """Every count of status is what a backfill would run, and what the model says."""
    counts = {s: int(n) for n, s in re.findall(r"(\d+) (failed|missing|stale)", _qe("status").split("Keys: ")[1])}
    for state, n in counts.items():
        assert _qe("backfill", f"--{state}", "--dry-run").startswith(f"{n} keys in")
        assert n == len(project.keys_that_are(state))
    return counts


def _break_features(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise QuantError("no feature today")

    monkeypatch.setattr(features, "compute_features", broken)


def test_keys_finer_than_any_native_timeframe_are_not_applicable_with_the_reason(project: SmallProject) -> None:
    finer = [t for t in TIMEFRAMES if t not in ("D1", "W1")]
    assert project.keys_that_are("not_applicable") == keys_of(["AAA", "BBB"], finer)
    assert "expected rows at M1 or finer, found D1" in project.states()["AAA|M1"].deciding.reason
    project.run_range("research", "AAA|M1", "AAA|W1", raise_on_error=False)  # as the UI does for a whole symbol
    assert project.keys_that_are("failed") == set()
    assert len(project.keys_that_are("not_applicable")) == 2 * len(finer)
    assert _assert_status_equals_backfill(project) == {"failed": 0, "missing": 0, "stale": 0}


def test_a_stale_key_names_the_first_differing_fact_and_its_stage(project: SmallProject) -> None:
    spec = project.root / "config" / "research.yaml"
    spec.write_text(OTHER_FEATURES)
    state = project.states()["AAA|D1"]
    assert (state.status, state.deciding.stage) == ("stale", "features")
    assert state.deciding.reason.startswith("its section of the research file has changed (spec_id ")
    assert [s.stage for s in state.stages if s.status == "stale"] == ["features"]
    assert "AAA|D1: stale, features: its section" in _qe("backfill", "--stale", "--explain", "--dry-run")
    assert "AAA|D1: stale, features: its section" in _qe("status", "--explain")
    spec.write_text(RESEARCH)
    project.drop("AAA", daily_csv("AAA", N_BARS + 1))
    project.run_key("ingest", "AAA|D1")
    state = project.states()["AAA|D1"]
    assert state.deciding.reason.startswith("its inputs have changed (data_version ")
    assert {"features", "market_stats"} <= {s.stage for s in state.stages if s.status == "stale"}
    assert project.states()["AAA|W1"].deciding.stage == "bars"  # made from the same raw rows
    shutil.rmtree(project.root / "lake" / "quality" / "symbol=BBB" / "timeframe=D1")
    assert project.states()["BBB|D1"].deciding.reason == "quality beside it is not in the lake"
    assert _assert_status_equals_backfill(project) == {"failed": 0, "missing": 1, "stale": 2}


def test_a_failed_key_names_stage_reason_and_time_until_it_is_what_it_should_be(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = project.root / "config" / "research.yaml"
    spec.write_text(OTHER_FEATURES)
    with monkeypatch.context() as patched:
        _break_features(patched)
        project.run_key("research", "AAA|D1", raise_on_error=False)
    state = project.states()["AAA|D1"]
    assert (state.status, state.deciding.stage) == ("failed", "features")
    assert "no feature today" in state.deciding.reason
    assert state.deciding.when is not None
    assert str(state).startswith(f"AAA|D1: failed at {state.deciding.when:%Y-%m-%d %H:%M} UTC, features: ")
    assert _assert_status_equals_backfill(project) == {"failed": 1, "missing": 0, "stale": 3}
    spec.write_text(RESEARCH)  # now a run would leave the file alone
    assert project.states()["AAA|D1"].status == "up_to_date"
    spec.write_text(OTHER_FEATURES)
    _qe("backfill", "--failed")
    assert project.states()["AAA|D1"].status == "up_to_date"
    assert _assert_status_equals_backfill(project) == {"failed": 0, "missing": 0, "stale": 3}


def test_after_a_renaming_the_old_symbol_lives_on_from_its_stored_rows(project: SmallProject) -> None:
    (project.inbox / "AAA.csv").unlink()
    project.drop("CCC", daily_csv("CCC", N_BARS))
    assert project.keys_that_are("up_to_date") == keys_of(["AAA", "BBB"], ["D1", "W1"])
    assert "Not registered yet: CCC" in _qe("status")
    assert "Offered by no source any more: AAA" in _qe("status")
    assert _assert_status_equals_backfill(project) == {"failed": 0, "missing": 0, "stale": 0}
    project.register()
    (project.root / "config" / "research.yaml").write_text(OTHER_FEATURES)
    assert _assert_status_equals_backfill(project) == {"failed": 0, "missing": 2, "stale": 4}
    _qe("backfill", "--missing", "--stale")
    assert project.keys_that_are("up_to_date") == keys_of(["AAA", "BBB", "CCC"], ["D1", "W1"])


def test_a_symbol_without_source_and_rows_is_not_applicable(project: SmallProject) -> None:
    project.instance.add_dynamic_partitions("symbols", ["ZZZ"])
    state = project.states()["ZZZ|D1"]
    assert state.status == "not_applicable"
    assert state.deciding.reason == "no source offers ZZZ, and no rows of it are stored."
    assert _assert_status_equals_backfill(project) == {"failed": 0, "missing": 0, "stale": 0}


def test_a_key_outside_the_research_file_is_up_to_date_with_what_can_be_made(project: SmallProject) -> None:
    spec = project.root / "config" / "research.yaml"
    spec.write_text(RESEARCH + "data: {symbols: [AAA]}\n")
    state = project.states()["BBB|D1"]
    assert state.status == "up_to_date"
    assert "not about BBB|D1" in {s.stage: s for s in state.stages}["market_stats"].reason


def test_symbols_are_listed_and_removed_without_touching_data(project: SmallProject) -> None:
    listed = _qe("symbols", "list")
    assert re.search(r"AAA\s+│?\s*inbox\s+│?\s*D1", listed)
    before = {p for p in (project.root / "lake").rglob("*") if p.is_file()}
    text = _qe("symbols", "rm", "AAA")
    assert "AAA is no partition any more" in text
    assert "2 of bars" in text
    assert "source inbox still offers it" in text
    assert {p for p in (project.root / "lake").rglob("*") if p.is_file()} >= before
    assert project.instance.get_dynamic_partitions("symbols") == ["BBB"]
    assert set(project.states()) == keys_of(["BBB"], TIMEFRAMES)
    assert "No registered symbol is called 'AAB'" in _qe("symbols", "rm", "AAB") or "AAB" in _qe("symbols", "rm", "AAB")
    project.register()
    assert project.states()["AAA|D1"].status == "up_to_date"
