"""Runs started by ``qe`` are the web UI's and the sensor's own: same code location, same answered data."""

from __future__ import annotations

import io
import json
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG
from dagster._core.workspace.load import location_origins_from_yaml_paths
from rich.console import Console

from quant_pipelines import definitions
from quant_pipelines.automation.answered_data import FINGERPRINTS_TAG
from quant_pipelines.automation.code_location import LOCATION, MODULE, WORKSPACE, job_origin
from quant_pipelines.cli import run
from tests.pipelines.small_project import SmallProject, daily_csv
from tests.pipelines.test_sensors import Ticks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """A project that the environment points at, with two symbols in its inbox."""
    made = SmallProject.at(tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    for symbol in ("AAA", "BBB"):
        made.drop(symbol, daily_csv(symbol, 60))
    _qe("launch", "register_symbols")
    made.instance.dispose()
    made.instance = dg.DagsterInstance.get()
    return made


def _qe(*arguments: str) -> str:
    console = Console(file=io.StringIO(), width=240, force_terminal=False)
    run(arguments, console)
    return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("file", ["workspace.yaml", None])
def test_the_origin_is_that_of_the_workspace(file: str | None, tmp_path: Path) -> None:
    path = ROOT / file if file else tmp_path / "own.yaml"
    if file is None:
        path.write_text(WORKSPACE)
    (origin,) = location_origins_from_yaml_paths([str(path)])
    assert origin.location_name == LOCATION
    assert origin.loadable_target_origin.module_name == MODULE
    repository = job_origin("research").repository_origin
    assert repository.code_location_origin.location_name == LOCATION
    assert definitions.defs.get_repository_def().name == repository.repository_name


def test_the_ui_finds_the_runs_of_a_job_by_its_code_location(project: SmallProject) -> None:
    _qe("launch", "ingest", "AAA|D1")
    # The filter of the job page (dagster_graphql, GraphenePipeline.resolve_runs).
    filter_of_page = dg.RunsFilter(
        job_name="ingest", tags={REPOSITORY_LABEL_TAG: job_origin("ingest").repository_origin.get_label()}
    )
    (found,) = project.instance.get_runs(filter_of_page)
    assert found.tags["dagster/partition"] == "AAA|D1"
    # The timeline groups runs by this origin and leaves out those without.
    assert found.remote_job_origin == job_origin("ingest")
    assert found.status is dg.DagsterRunStatus.SUCCESS
    assert project.materialized("bars") == {"AAA|D1"}


def test_switching_the_sensor_on_after_runs_by_hand_runs_nothing_again(project: SmallProject) -> None:
    ticks = Ticks(project)
    _qe("launch", "research", "AAA|D1", "AAA|W1", "BBB|D1")  # BBB|W1 is left
    assert [r.tags["dagster/asset_partition_range_start"] for r in ticks.tick()] == ["BBB|D1"]
    assert ticks.tick() == []
    project.drop("AAA", daily_csv("AAA", 61))
    _qe("launch", "research", "AAA|D1", "AAA|W1")  # while the sensor is off, its cursor kept
    assert ticks.tick() == []
    project.drop("AAA", daily_csv("AAA", 62))
    assert len(ticks.tick()) == 1


def test_a_run_that_brings_up_to_date_only_in_part_answers_nothing(project: SmallProject) -> None:
    _qe("launch", "ingest", "AAA|D1", "AAA|W1")
    _qe("launch", "research", "BBB|D1", "BBB|W1")
    tags = [run.tags.get(FINGERPRINTS_TAG) for run in project.instance.get_runs() if run.job_name != "register_symbols"]
    assert [sorted(json.loads(tag)) if tag else [] for tag in tags] == [["BBB|D1"], []]


def test_a_queued_run_belongs_to_the_same_code_location(project: SmallProject) -> None:
    assert "queued AAA|D1" in _qe("backfill", "--missing", "--symbols", "AAA", "--queue")
    (queued,) = project.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
    assert queued.remote_job_origin is not None
    assert (
        queued.remote_job_origin.repository_origin.get_label() == job_origin("research").repository_origin.get_label()
    )
    assert list(json.loads(queued.tags[FINGERPRINTS_TAG])) == ["AAA|D1"]
