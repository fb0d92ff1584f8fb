"""Retention: old runs go, and what Dagster knows as materialized stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from quant_pipelines.automation.retention import prune_event_log, superseded_runs
from tests.pipelines.small_project import SmallProject, keys_of


def test_only_runs_whose_every_materialization_has_a_later_one_are_deleted(tmp_path: Path) -> None:
    project = SmallProject.at(tmp_path)
    for symbol in ("AAA", "BBB"):
        project.drop(symbol)
    registration = project.register().run_id
    both = project.run_range("ingest", "AAA|D1", "BBB|D1").run_id
    again = project.run_key("ingest", "AAA|D1").run_id
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert set(superseded_runs(project.instance, before=later)) == {registration}  # BBB|D1 has its only one in `both`
    last = project.run_key("ingest", "BBB|D1").run_id
    assert prune_event_log(project.instance, before=datetime.now(UTC) - timedelta(days=1)) == 0
    assert prune_event_log(project.instance, before=later) == 2
    assert {run.run_id for run in project.instance.get_runs()} == {again, last}
    assert both not in {run.run_id for run in project.instance.get_runs()}
    assert project.materialized("bars") == keys_of(["AAA", "BBB"], ["D1"])
