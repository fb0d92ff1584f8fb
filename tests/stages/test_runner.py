"""The runner over many keys: equal results for any number of processes, events only of what changed, failures named."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterEventType

from quant_pipelines.automation.jobs import JOBS
from quant_pipelines.stages.stage import discover_stages
from tests.pipelines.small_project import SmallProject, daily_csv, fingerprints, keys_of, stored_events

WORKERS = {"ops": {"symbol_timeframe_graph": {"config": {"n_workers": 2}}}}


def _project(root: Path, symbols: tuple[str, ...] = ("AAA", "BBB")) -> SmallProject:
    project = SmallProject.at(root)
    for symbol in symbols:
        project.drop(symbol)
    project.register()
    return project


def _events(project: SmallProject, result: dg.ExecuteInProcessResult) -> list[str]:
    kinds = {DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_CHECK_EVALUATION}
    return [e.event_type.value for e in stored_events(project.instance, result) if e.event_type in kinds]


def test_two_processes_give_the_lake_of_one(tmp_path: Path) -> None:
    one, two = _project(tmp_path / "one"), _project(tmp_path / "two")
    one.run_range("research", "AAA|D1", "BBB|W1")
    two.run_range("research", "AAA|D1", "BBB|W1", run_config=WORKERS)
    assert fingerprints(tmp_path / "one" / "lake") == fingerprints(tmp_path / "two" / "lake")
    for stage in ("raw_bars", "bars", "market_stats"):
        assert two.materialized(stage) == keys_of(["AAA", "BBB"], ["D1", "W1"])


def test_a_failing_key_in_a_worker_is_named_and_costs_no_other(tmp_path: Path) -> None:
    project = _project(tmp_path)
    header, *rows = daily_csv("BBB", 5).splitlines()
    project.drop("BBB", "\n".join([header, *(r.replace(r.split(",")[2], "0") for r in rows)]) + "\n")
    result = project.run_range("research", "AAA|D1", "BBB|D1", raise_on_error=False, run_config=WORKERS)
    failure = next(e for e in result.all_events if e.is_step_failure).step_failure_data.user_failure_data
    assert failure is not None
    assert {k: list(v) for k, v in failure.metadata["failed_stages"].value.items()} == {"BBB|D1": ["raw_bars"]}
    assert "market_stats" in failure.metadata["skipped_stages"].value["BBB|D1"]
    assert project.materialized("market_stats") == {"AAA|D1"}


def test_an_unchanged_run_has_no_event_of_a_partition(tmp_path: Path) -> None:
    project = _project(tmp_path)
    assert _events(project, project.run_range("research", "AAA|D1", "BBB|W1"))
    assert _events(project, project.run_range("research", "AAA|D1", "BBB|W1")) == []


def test_an_instance_that_never_saw_the_lake_is_told_once(tmp_path: Path) -> None:
    project = _project(tmp_path)
    project.run_range("research", "AAA|D1", "BBB|W1")
    (tmp_path / "fresh").mkdir()
    other = SmallProject(tmp_path, dg.DagsterInstance.ephemeral(tempdir=str(tmp_path / "fresh")))
    other.register()
    result = other.run_range("research", "AAA|D1", "BBB|W1")
    follows = [s for s in discover_stages("symbol_timeframe") if s.refresh == "on_data"]
    assert _events(other, result).count("ASSET_MATERIALIZATION") == 4 * len(follows)
    assert other.materialized("market_stats") == keys_of(["AAA", "BBB"], ["D1", "W1"])
    record = other.instance.fetch_materializations(dg.AssetKey("bars"), limit=1).records[0]
    assert record.asset_materialization is not None
    assert record.asset_materialization.metadata["written"].value is False
    assert record.asset_materialization.metadata["dagster/partition_row_count"].value > 0
    assert _events(other, other.run_range("research", "AAA|D1", "BBB|W1")) == []


def test_a_bad_feature_costs_neither_statistics_nor_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise ValueError("a formula that cannot be computed")

    project = _project(tmp_path, ("AAA",))
    monkeypatch.setattr("quant_pipelines.assets.features.compute_features", broken)
    result = project.run_key("research", "AAA|D1", raise_on_error=False)
    assert not result.success
    assert project.materialized("market_stats") == project.materialized("seasonality_profiles") == {"AAA|D1"}
    assert project.materialized("features") == set()


def test_a_figure_over_the_size_limit_costs_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quant_pipelines.stages.runner.MAX_DRAWN_KEYS", 8)
    monkeypatch.setattr("quant_pipelines.plots._figure.MAX_PNG_BYTES", 10)
    project = _project(tmp_path, ("AAA",))
    assert project.run_key("research", "AAA|D1").success
    assert project.materialized("bars") == {"AAA|D1"}


def test_a_stage_by_symbol_sees_all_timeframes_and_follows_them(tmp_path: Path) -> None:
    from tests.stages.symbol_stage import SYMBOL_GRAPH  # noqa: PLC0415

    project = _project(tmp_path)
    project.run_range("ingest", "AAA|D1", "BBB|W1")

    def run() -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [SYMBOL_GRAPH],
            partition_key="AAA",
            instance=project.instance,
            resources=project.definitions().resources,
            selection=[dg.AssetKey("bar_counts")],
        )

    assert _events(project, run()) == ["ASSET_MATERIALIZATION"]
    assert _events(project, run()) == []
    path = tmp_path / "lake" / "bar_counts" / "symbol=AAA" / "data.parquet"
    assert path.is_file()
    project.drop("AAA", daily_csv("AAA", 430))
    project.run_key("ingest", "AAA|D1")
    assert _events(project, run()) == ["ASSET_MATERIALIZATION"]


def test_the_job_research_takes_every_stage_that_follows_data() -> None:
    job = next(j for j in JOBS if getattr(j, "name", "") == "research")
    follows = {s.name for s in discover_stages("symbol_timeframe") if s.refresh == "on_data"}
    assert follows >= {"raw_bars", "bars", "features", "market_stats", "seasonality_profiles"}
    assert all(name in str(getattr(job, "selection", "")) for name in follows)
