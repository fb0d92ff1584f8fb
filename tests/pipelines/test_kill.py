"""Crash safety: kill -9 at random moments, and two runs on the same partitions at once."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines.child_runs import ChildRun
from tests.pipelines.small_project import SmallProject, daily_csv, fingerprints

SYMBOLS = ("AAA", "BBB")
KEYS = ("AAA|D1", "BBB|W1")
N_KILLS = 60  # of each job
N_COMMAND_LINE_KILLS = 6


def _first_files(root: Path) -> None:
    """The files of the first delivery; one has a refused row."""
    project = SmallProject.at(root)
    project.drop("AAA")
    project.drop("BBB", daily_csv("BBB") + "not a date,BBB,1,1,1,1,1\n")


def _second_files(root: Path) -> None:
    """The next delivery: one symbol grew, the other restated its history in two files."""
    project = SmallProject.at(root)
    project.drop("AAA", daily_csv("AAA", 420))
    project.drop("BBB", daily_csv("BBB", 200, seed=1))
    project.drop("BBB", daily_csv("BBB", 300, seed=2), name="BBB_again.csv")


def _run_to_the_end(root: Path, job: str) -> float:
    return ChildRun(root, job, KEYS).finish()


def _clean_lake(root: Path, job: str) -> tuple[dict[str, str], float]:
    """The lake of runs that nobody killed, and how long the longer of them took, in seconds."""
    _first_files(root)
    first = _run_to_the_end(root, job)
    _second_files(root)
    second = _run_to_the_end(root, job)
    return fingerprints(root / "lake"), max(first, second)


@pytest.mark.slow
@pytest.mark.parametrize("job", ["ingest", "research"])
def test_a_lake_after_kills_equals_a_clean_one(job: str, tmp_path: Path) -> None:
    """Kill until a run gets through, for the first and the second delivery, then compare; again with a new lake."""
    moments = random.Random(20240101)
    clean, longest = _clean_lake(tmp_path / "clean", job)
    assert sum(name.endswith("manifest.json") for name in clean) == len(SYMBOLS)
    assert any("_v2" in name for name in clean)
    n_killed = n_lakes = 0
    while n_killed < N_KILLS:
        root = tmp_path / f"killed_{n_lakes}"
        for drop_files in (_first_files, _second_files):
            drop_files(root)
            while (took := ChildRun(root, job, KEYS).kill_after(moments.uniform(0.0, longest))) is None:
                n_killed += 1
                longest *= 1.03  # so that a run gets through at last
            longest = max(took, 0.7 * longest)  # the moments follow the speed of the machine
        assert fingerprints(root / "lake") == clean, f"lake {n_lakes} after {n_killed} kills"
        assert not [p for p in (root / "lake").rglob("*.tmp") if "inbox" not in p.parts]
        shutil.rmtree(root)
        n_lakes += 1
    assert n_lakes > 1


@pytest.mark.slow
def test_a_killed_command_leaves_nothing_that_a_repeat_does_not_mend(tmp_path: Path) -> None:
    """The same through ``dagster job execute``, with an instance on disk that the killed runs leave behind."""
    moments = random.Random(7)
    clean, _ = _clean_lake(tmp_path / "clean", "research")
    root = tmp_path / "killed"
    _first_files(root)
    environment = {**os.environ, **SmallProject.at(root).environment}
    (root / "home").mkdir()
    shutil.copy("quant_pipelines/config/dagster.yaml", root / "home")
    _execute("register_symbols", {}, environment).check_returncode()
    first, last = KEYS
    tags = json.dumps({"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last})
    n_killed = 0
    for drop_files in (_first_files, _second_files):
        drop_files(root)
        for _ in range(N_COMMAND_LINE_KILLS // 2):
            try:
                _execute("research", {"--tags": tags}, environment, timeout_s=moments.uniform(2.0, 9.0))
            except subprocess.TimeoutExpired:
                n_killed += 1
        _execute("research", {"--tags": tags}, environment).check_returncode()
    assert n_killed > 0
    assert fingerprints(root / "lake") == clean


def _execute(
    job: str, options: dict[str, str], environment: dict[str, str], timeout_s: float = 300.0
) -> subprocess.CompletedProcess[str]:
    """``dagster job execute``; a time-out kills it with signal 9."""
    command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "quant_pipelines.definitions", "-j", job]
    extra = [text for option in options.items() for text in option]
    return subprocess.run(
        [*command, *extra], env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
    )


def test_two_runs_on_the_same_partitions_give_one_result(tmp_path: Path) -> None:
    clean, _ = _clean_lake(tmp_path / "clean", "research")
    root = tmp_path / "shared"
    for drop_files in (_first_files, _second_files):
        drop_files(root)
        for child in [ChildRun(root, "research", KEYS) for _ in range(2)]:
            child.finish()
    assert fingerprints(root / "lake") == clean
