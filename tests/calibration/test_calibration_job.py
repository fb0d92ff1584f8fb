"""The job calibration: publishes once, says what it found, and needs the bars it resamples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from quant_core.tables import TABLES
from quant_core.worlds import WORLDS
from quant_pipelines.calibration.calibration_run import PLANTED_LIFTS, read_calibration
from tests.pipelines.small_project import SmallProject

SMALL = {
    "n_worlds": 2,
    "n_planted": 2,
    "horizons": [1, 5],
    "seed": 5,
    "n_workers": 1,
    "bootstrap_bars": "AAA|D1",
    "lengths": [600, 1250],
    "planted_lengths": [2500],
}


def run(project: SmallProject, **changes: Any) -> dg.ExecuteInProcessResult:
    config = {"ops": {"calibration_lab": {"config": SMALL | changes}}}
    return project.run("calibration", {}, run_config=config, raise_on_error=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    project = SmallProject.at(tmp_path_factory.mktemp("calibration"))
    project.drop("AAA")
    project.register()
    project.run_key("ingest", "AAA|D1")
    return project


def test_the_job_publishes_a_valid_table_once_and_describes_it(project: SmallProject) -> None:
    first = run(project)
    assert first.success
    table = read_calibration(project.lake)
    TABLES["calibration"].validate(table)
    worlds = {w.split("(")[0] for w in table["world"].unique()}
    assert worlds == set(WORLDS)
    null = table.filter(pl.col("world").str.starts_with("random_walk"))
    assert null["split_bars"].unique().sort().to_list() == [600, 1250]
    assert table["world"].n_unique() == len(WORLDS) + len(PLANTED_LIFTS) - 1
    metadata = first.asset_materializations_for_node("calibration_lab")[0].metadata
    assert metadata["written"].value is True
    assert metadata["dagster/row_count"].value == table.height
    assert "data:image/png;base64" in str(metadata["figure"].value)

    again = run(project)
    assert again.asset_materializations_for_node("calibration_lab")[0].metadata["written"].value is False

    other = run(project, seed=6, n_planted=1)
    assert other.asset_materializations_for_node("calibration_lab")[0].metadata["written"].value is True
    assert not read_calibration(project.lake).equals(table)


def test_bars_that_are_not_there_fail_with_the_next_step(tmp_path: Path) -> None:
    project = SmallProject.at(tmp_path)
    failed = run(project)
    assert not failed.success
    text = " ".join(str(e.event_specific_data) for e in failed.all_events if e.is_failure)
    assert "Bars of AAA|D1 are not in the lake" in text


def test_that_world_can_be_left_out(tmp_path: Path) -> None:
    project = SmallProject.at(tmp_path)
    assert run(project, bootstrap_bars="", n_worlds=1, n_planted=1, horizons=[1]).success
    table = read_calibration(project.lake)
    assert table.filter(pl.col("world").str.starts_with("block_bootstrap")).is_empty()
    assert table["mc_se"].is_null().all()
