"""Asset checks: each finds what it is for, per key, and its evaluations reach Dagster with their partition."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster import DagsterEventType

from quant_core.bars import Bars
from quant_core.timeframes import Timeframe
from quant_pipelines.checks.checks import REFUSED_ROWS, discover_checks
from quant_pipelines.checks.freshness_check import sessions_behind
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.stages.check import Check, Finding
from quant_pipelines.stages.key_tables import KeyTables
from quant_pipelines.stages.stage import discover_stages
from tests.pipelines.small_project import SmallProject, daily_csv, stored_events

GOOD, BAD = PartitionKey("GOOD", "H1"), PartitionKey("BAD", "H1")
FACTS = Facts("a", "b", calendar="always_open")


def _lake(tmp_path: Path, bad: pl.DataFrame) -> Lake:
    lake = Lake(str(tmp_path))
    lake.write("bars", GOOD, Bars.of(close=[1.0, 2.0, 3.0]).frame, FACTS)
    lake.write("bars", BAD, bad, FACTS)
    return lake


def _bars() -> pl.DataFrame:
    return Bars.of(close=[1.0, 2.0, 3.0]).frame


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("high_and_low_enclose", _bars().with_columns(high=pl.lit(0.5))),
        ("closes_before_next_opens", _bars().with_columns(ts_close=pl.col("ts_close").dt.offset_by("30m"))),
        ("closes_before_next_opens", _bars().with_columns(ts_close=pl.col("ts"))),
        ("satisfies_its_contract", pl.concat([_bars(), _bars()])),
        ("satisfies_its_contract", _bars().with_columns(pl.lit(None, pl.Float64).alias("close"))),
        ("satisfies_its_contract", _bars().drop("volume")),
    ],
)
def test_a_check_finds_its_defect_in_the_bad_key_only(name: str, broken: pl.DataFrame, tmp_path: Path) -> None:
    lake, check = _lake(tmp_path, broken), _named("bars", name)
    assert check.find(KeyTables(lake, GOOD), GOOD).n_found == 0
    assert check.find(KeyTables(lake, BAD), BAD).n_found > 0


def _named(asset: str, name: str) -> Check:
    return next(c for c in discover_checks([asset]) if c.name == name)


def test_every_sql_check_belongs_to_an_asset_and_explains_itself() -> None:
    names = [(c.asset, c.name) for c in discover_checks(["raw_bars", "bars", "features", "market_stats"])]
    assert len(names) == len(set(names)) >= 8
    assert all(len(c.description) > 40 for c in discover_checks(["bars", "market_stats"]))


def test_freshness_counts_the_sessions_since_the_last_bar(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    bars = Bars.of(close=[1.0] * 24, timeframe=Timeframe.H1)  # the last bar closes at 2024-01-02 00:00
    lake.write("bars", GOOD, bars.frame, FACTS)
    behind = {day: sessions_behind(lake, GOOD, datetime(2024, 1, day, 12, tzinfo=UTC)) for day in (2, 5, 6, 20)}
    assert [behind[d].facts["n_sessions_behind"] for d in (2, 5, 6, 20)] == [0, 3, 4, 18]
    assert [behind[d].n_found for d in (2, 5, 6, 20)] == [0, 0, 1, 15]


def _project(tmp_path: Path) -> SmallProject:
    """Two symbols; a row of the second is refused."""
    project = SmallProject.at(tmp_path)
    project.drop("AAA")
    project.drop("BBB", daily_csv("BBB") + "2022-01-01,BBB,1,2,3,4,oops\n")
    project.register()
    return project


def _evaluations(project: SmallProject, result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    kind = DagsterEventType.ASSET_CHECK_EVALUATION
    return [e.event_specific_data for e in stored_events(project.instance, result) if e.event_type is kind]  # pyright: ignore[reportReturnType]


def _planned(result: dg.ExecuteInProcessResult) -> int:
    return sum(e.event_type is DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED for e in result.all_events)


def test_a_job_plans_no_check_and_logs_one_evaluation_per_check_and_key(tmp_path: Path) -> None:
    project = _project(tmp_path)
    result = project.run_range("research", "AAA|D1", "BBB|W1")
    assert _planned(result) == 0
    evaluations = _evaluations(project, result)
    expected = {
        (c.asset, c.name, f"{s}|{t}")
        for c in discover_checks([s.name for s in discover_stages("symbol_timeframe") if s.refresh == "on_data"])
        for s in ("AAA", "BBB")
        for t in ("D1", "W1")
    }
    assert {(e.asset_key.to_user_string(), e.check_name, e.partition) for e in evaluations} == expected
    refused = {e.partition: e for e in evaluations if e.check_name == "no_row_was_refused"}
    assert (refused["AAA|D1"].passed, refused["BBB|D1"].passed) == (True, False)
    assert refused["BBB|D1"].metadata["n_found"].value == 1
    assert refused["BBB|D1"].severity is dg.AssetCheckSeverity.WARN


def _materialize(project: SmallProject, first: str, last: str, assets: list[str]) -> dg.ExecuteInProcessResult:
    """A run as the web UI starts it from the asset graph: with the checks of the assets."""
    definitions = project.definitions()
    job = definitions.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection={dg.AssetKey(a) for a in assets}
    )
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return job.execute_in_process(instance=project.instance, tags=tags, raise_on_error=False)


def test_one_wrong_key_leaves_the_asked_checks_with_what_they_found_on_the_others(tmp_path: Path) -> None:
    project = _project(tmp_path)
    project.drop("CCC")
    project.register()
    header, *rows = daily_csv("CCC", 5).splitlines()
    project.drop("CCC", "\n".join([header, *(r.replace(r.split(",")[2], "0") for r in rows)]) + "\n")
    result = _materialize(project, "AAA|D1", "CCC|D1", ["raw_bars", "bars", "market_stats"])
    assert not result.success
    whole = {
        (e.asset_key.to_user_string(), e.check_name): e for e in _evaluations(project, result) if e.partition is None
    }
    asked = {(c.asset, c.name) for c in discover_checks(["bars", "market_stats"])}
    assert set(whole) == asked
    assert whole["bars", "high_and_low_enclose"].passed
    # The file of CCC has no usable bar and is refused: nothing was made of it that could be looked at.
    assert whole["bars", "high_and_low_enclose"].metadata["n_keys"].value == 2
    assert whole["market_stats", "satisfies_its_contract"].metadata["n_keys"].value == 2
    assert not whole["bars", "no_row_was_refused"].passed
    records = project.instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [dg.AssetCheckKey(dg.AssetKey(asset), name) for asset, name in asked]
    )
    assert {r.status.value for r in records.values()} <= {"SUCCEEDED", "FAILED"}


def test_asked_checks_look_at_unchanged_partitions_too(tmp_path: Path) -> None:
    project = _project(tmp_path)
    project.run_range("ingest", "AAA|D1", "BBB|D1")
    assert _evaluations(project, project.run_range("ingest", "AAA|D1", "BBB|D1")) == []
    result = _materialize(project, "AAA|D1", "BBB|D1", ["raw_bars", "bars"])
    whole = {e.check_name: e for e in _evaluations(project, result) if e.partition is None}
    assert whole["no_row_was_refused"].metadata["n_found_by_key"].value == {"BBB|D1": 1}
    assert whole["satisfies_its_contract"].metadata["n_keys"].value == 2


def test_a_bulk_run_logs_findings_and_the_end_of_earlier_findings_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quant_pipelines.stages.run_events.MAX_LOGGED_KEYS", 0)

    def refused(result: dg.ExecuteInProcessResult) -> dict[str | None, bool]:
        return {e.partition: e.passed for e in _evaluations(project, result) if e.check_name == "no_row_was_refused"}

    project = _project(tmp_path)
    assert refused(project.run_range("ingest", "AAA|D1", "BBB|D1")) == {"BBB|D1": False}
    # The check is a frozen value that the assets hold already: its rule is exchanged in place and put back.
    rule = REFUSED_ROWS.find
    object.__setattr__(REFUSED_ROWS, "find", lambda _tables, _key: Finding(0))
    project.drop("BBB", daily_csv("BBB", 401))
    try:
        assert refused(project.run_range("ingest", "AAA|D1", "BBB|D1")) == {"BBB|D1": True}
    finally:
        object.__setattr__(REFUSED_ROWS, "find", rule)


def test_the_job_freshness_says_how_far_each_key_is_behind(tmp_path: Path) -> None:
    project = _project(tmp_path)
    project.run_range("ingest", "AAA|D1", "BBB|W1")
    evaluations = {e.partition: e for e in _evaluations(project, project.run("freshness", {}))}
    assert set(evaluations) == {"AAA|D1", "AAA|W1", "BBB|D1", "BBB|W1", None}
    assert not evaluations["AAA|D1"].passed
    assert evaluations[None].metadata["n_keys"].value == 4
