"""The commands people type: registration, single keys and ranges, by Dagster's own command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from quant_pipelines.lake.partitions import PartitionKey
from tests.pipelines.small_project import SmallProject, keys_of

ROOT = Path(__file__).resolve().parents[2]
MODULE = ["-m", "quant_pipelines.definitions"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """A registered project with an instance on disk."""
    root = tmp_path_factory.mktemp("commands")
    made = SmallProject.at(root)
    for symbol in ("AAA", "BBB"):
        made.drop(symbol)
    (root / "home").mkdir()
    shutil.copy(ROOT / "quant_pipelines/config/dagster.yaml", root / "home")
    assert "2 symbols added" in dagster(made, "job", "execute", *MODULE, "-j", "register_symbols")
    return made


def dagster(project: SmallProject, *arguments: str, succeeds: bool = True) -> str:
    """Run a dagster command in a project; returns what it printed."""
    return command(project, sys.executable, "-m", "dagster", *arguments, succeeds=succeeds)


def command(project: SmallProject, *arguments: str, succeeds: bool = True) -> str:
    """Run a command in a project; returns what it printed."""
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env={**os.environ, **project.environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    output = done.stdout + done.stderr
    assert (done.returncode == 0) is succeeds, output
    return output


def test_the_workspace_is_valid(project: SmallProject) -> None:
    assert "Validation successful" in dagster(project, "definitions", "validate", "-w", "workspace.yaml")


def test_a_single_key_and_a_range_run_by_job_execute(project: SmallProject) -> None:
    dagster(project, "job", "execute", *MODULE, "-j", "research", "--tags", '{"dagster/partition":"BBB|D1"}')
    assert project.lake.keys("market_stats") == [PartitionKey("BBB", "D1")]
    tags = '{"dagster/asset_partition_range_start":"AAA|D1","dagster/asset_partition_range_end":"BBB|W1"}'
    dagster(project, "job", "execute", *MODULE, "-j", "research", "--tags", tags)
    assert {str(k) for k in project.lake.keys("market_stats")} == keys_of(["AAA", "BBB"], ["D1", "W1"])


def test_a_single_key_runs_by_dg_launch(project: SmallProject) -> None:
    dg = str(Path(sys.executable).with_name("dg"))
    command(project, dg, "launch", "--job", "ingest", "--partition", "AAA|W1")
    assert PartitionKey("AAA", "W1") in project.lake.keys("bars")


def test_selected_assets_run_over_a_range(project: SmallProject) -> None:
    select = ["--select", "raw_bars,bars,features", "--partition-range", "AAA|D1...BBB|D1"]
    dagster(project, "asset", "materialize", *MODULE, *select)
    assert {PartitionKey("AAA", "D1"), PartitionKey("BBB", "D1")} <= set(project.lake.keys("features"))


def test_a_failing_key_makes_the_command_fail_and_names_the_reason(project: SmallProject) -> None:
    arguments = ["job", "execute", *MODULE, "-j", "ingest", "--tags", '{"dagster/partition":"AAA|M5"}']
    output = dagster(project, *arguments, succeeds=False)
    assert "expected rows at M5 or finer, found D1" in output
