"""Retention: old runs go, and what Dagster knows as materialized, checked or failed stays, on every instance."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from quant_pipelines.automation.retention import prune_event_log, superseded_runs
from quant_pipelines.automation.sqlite_files import shrink_databases
from tests.pipelines.small_project import SmallProject, daily_csv, keys_of


@pytest.fixture
def project(tmp_path: Path, instance: dg.DagsterInstance) -> SmallProject:
    """Two symbols, registered."""
    made = SmallProject.at(tmp_path, instance)
    for symbol in ("AAA", "BBB"):
        made.drop(symbol, daily_csv(symbol, 60))
    made.register()
    return made


def _later() -> datetime:
    """An instant before which every run of a test ended."""
    return datetime.now(UTC) + timedelta(minutes=1)


def _run_ids(project: SmallProject) -> set[str]:
    return {run.run_id for run in project.instance.get_runs()}


def test_the_only_materialization_of_a_key_survives_whatever_ran_before_it(project: SmallProject) -> None:
    project.run_key("ingest", "AAA|D1")
    project.run_key("ingest", "BBB|D1")
    prune_event_log(project.instance, before=_later())
    assert project.materialized("bars") == keys_of(["AAA", "BBB"], ["D1"])


def test_only_runs_that_are_the_last_word_about_nothing_are_deleted(project: SmallProject) -> None:
    (registration,) = _run_ids(project)
    both = project.run_range("ingest", "AAA|D1", "BBB|D1").run_id
    project.drop("AAA", daily_csv("AAA", 61))
    again = project.run_key("ingest", "AAA|D1").run_id
    assert set(superseded_runs(project.instance, before=_later())) == {registration}  # BBB|D1 is last made in `both`
    project.drop("BBB", daily_csv("BBB", 61))
    last = project.run_key("ingest", "BBB|D1").run_id
    assert prune_event_log(project.instance, before=datetime.now(UTC) - timedelta(days=1)) == 0
    gone = prune_event_log(project.instance, before=_later())
    assert gone == len({registration, both} - _run_ids(project)) >= 1
    assert {again, last} <= _run_ids(project)
    assert project.materialized("bars") == keys_of(["AAA", "BBB"], ["D1"])


def test_an_unfinished_run_stays(project: SmallProject) -> None:
    job = project.definitions().resolve_job_def("register_symbols")
    waiting = project.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    prune_event_log(project.instance, before=_later())
    assert waiting.run_id in _run_ids(project)


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def measured() -> None:
    """An asset whose check is evaluated apart from it."""


@dg.asset_check(asset=measured)
def is_measured() -> dg.AssetCheckResult:
    """A check without partitions."""
    return dg.AssetCheckResult(passed=True)


def test_the_run_with_the_last_evaluation_of_a_check_stays_and_older_evaluations_leave_no_row(
    instance: dg.DagsterInstance,
) -> None:
    def evaluate() -> str:
        checks = dg.AssetSelection.checks(is_measured)
        return dg.materialize([measured, is_measured], instance=instance, selection=checks).run_id

    made = dg.materialize([measured], instance=instance, partition_key="a").run_id
    first, second = evaluate(), evaluate()
    assert set(superseded_runs(instance, before=_later())) == {first}
    prune_event_log(instance, before=_later())
    assert {run.run_id for run in instance.get_runs()} == {made, second}
    (key,) = is_measured.check_keys
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    assert [record.run_id for record in history] == [second]


def test_a_planned_evaluation_that_never_came_does_not_cost_the_last_real_one(instance: dg.DagsterInstance) -> None:
    @dg.asset_check(asset=measured, name="is_measured")
    def broken() -> dg.AssetCheckResult:
        raise ValueError("no answer")

    checks = dg.AssetSelection.checks(is_measured)
    evaluated = dg.materialize([measured, is_measured], instance=instance, selection=checks).run_id
    dg.materialize([measured, broken], instance=instance, selection=checks, raise_on_error=False)
    assert evaluated not in superseded_runs(instance, before=_later())


def test_pruning_gives_the_disk_back(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with dg.DagsterInstance.from_config(str(tmp_path / "home"), config_filename="none.yaml") as instance:
        project = SmallProject.at(tmp_path, instance)
        project.drop("AAA", daily_csv("AAA", 60))
        project.register()
        runs = []
        for n_bars in range(60, 64):
            project.drop("AAA", daily_csv("AAA", n_bars))
            runs.append(project.run_key("ingest", "AAA|D1").run_id)
        shards = tmp_path / "home" / "history" / "runs"
        prune_event_log(instance, before=_later())
        assert not [run for run in runs[:-1] if (shards / f"{run}.db").exists()]
        assert not [run for run in runs[:-1] if (tmp_path / "home" / "storage" / run).exists()]
        assert (shards / f"{runs[-1]}.db").exists()
        index = shards / "index.db"
        with sqlite3.connect(index) as connection:
            connection.execute("CREATE TABLE filler AS SELECT randomblob(3000000) AS x")
        with sqlite3.connect(index) as connection:
            connection.execute("DROP TABLE filler")
        before = index.stat().st_size
        (shrunk,) = [s for s in shrink_databases(instance) if s.path == index]
        assert shrunk.n_bytes_before == before
        assert shrunk.n_bytes_after == index.stat().st_size < before / 3
        assert shrink_databases(instance) == []
        assert project.materialized("bars") == {"AAA|D1"}
