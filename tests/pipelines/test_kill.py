"""Crash safety: kill -9 at random moments and before any change of a file, and two runs on the same partitions at once.

What is left is compared with the lake of runs that nobody killed: tables, manifests, the index of the inbox, marts and
pages bit by bit, and besides that no other file is there: no temporary file, no lock that a clean lake has not.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from quant_pipelines.resources import PACKAGED_CONFIG
from tests.pipelines.child_runs import ChildRun, Finished, Runs
from tests.pipelines.kills import Killer, assert_lakes_equal_a_clean_one, state_of
from tests.pipelines.small_project import SmallProject, daily_csv, fingerprints, range_tags

SYMBOLS = ("AAA", "BBB")
KEYS = range_tags("AAA|D1", "BBB|W1")
REGISTER = ("register_symbols", dict[str, str]())
INGEST: Runs = [REGISTER, ("ingest", KEYS)]
RESEARCH: Runs = [REGISTER, ("research", KEYS)]
MARTS: Runs = [("marts", {})]
REPORT: Runs = [REGISTER, ("report", range_tags(*SYMBOLS))]


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


@dataclass
class Scene:
    """A run that is killed.

    Attributes:
        before: project that it starts from; None is a new one.
        runs: what is killed.
        clean: what is there after runs that nobody killed.
        usual: the longest of them.
        deliveries: what arrives, one after the other, each followed by runs until one gets through.
    """

    before: Path | None
    runs: Runs
    clean: dict[str, str]
    usual: Finished
    deliveries: tuple[Callable[[Path], None], ...]


def _nothing_new(_root: Path) -> None:
    """No delivery."""


def _clean_run(root: Path, *runs: Runs) -> Finished:
    """Runs that nobody kills; the last of them."""
    return [ChildRun(root, each).finish() for each in runs][-1]


def _clean_deliveries(root: Path, runs: Runs) -> Finished:
    """Both deliveries, taken in by runs that nobody kills; the longer of them."""
    taken: list[Finished] = []
    for drop_files in (_first_files, _second_files):
        drop_files(root)
        taken.append(_clean_run(root, runs))
    return max(taken, key=lambda finished: finished.seconds)


def _scene_of_deliveries(runs: Runs, folder: Path, *, is_on_disk: bool = False) -> Scene:
    """Both deliveries; an instance on disk remembers the runs that were killed."""
    before = None
    if is_on_disk:
        before = folder / "home_only"
        for root in (before, folder / "clean"):
            (root / "home").mkdir(parents=True)
            shutil.copy(PACKAGED_CONFIG / "dagster.yaml", root / "home")
    usual = _clean_deliveries(folder / "clean", runs)
    return Scene(before, runs, state_of(folder / "clean"), usual, (_first_files, _second_files))


def _scene_of_marts_and_reports(folder: Path, *, killed: Runs, is_made_before: bool) -> Scene:
    """A lake whose tables are up to date, and what is made of them is missing, or of the first delivery."""
    before, clean = folder / "before", folder / "clean"
    _first_files(before)
    _clean_run(before, RESEARCH, *((MARTS, REPORT) if is_made_before else ()))
    if is_made_before:
        _second_files(before)
        _clean_run(before, RESEARCH)
    if killed is REPORT:
        _clean_run(before, MARTS)
    shutil.copytree(before, clean)
    usual = _clean_run(clean, killed)
    return Scene(before, killed, state_of(clean), usual, (_nothing_new,))


def _kill_once_through(scene: Scene, killer: Killer, root: Path) -> None:
    """Kill until a run gets through: of every delivery, or of what is made of the tables."""
    if scene.before is not None:
        shutil.copytree(scene.before, root)
    for drop_files in scene.deliveries:
        drop_files(root)
        killer.kill_until_through(root, scene.runs)


SCENES: dict[str, tuple[float, Callable[[Path], Scene]]] = {
    "ingest": (0.27, lambda folder: _scene_of_deliveries(INGEST, folder)),
    "research": (0.22, lambda folder: _scene_of_deliveries(RESEARCH, folder)),
    "research on disk": (0.04, lambda folder: _scene_of_deliveries(RESEARCH, folder, is_on_disk=True)),
    "first marts": (0.05, lambda folder: _scene_of_marts_and_reports(folder, killed=MARTS, is_made_before=False)),
    "next marts": (0.1, lambda folder: _scene_of_marts_and_reports(folder, killed=MARTS, is_made_before=True)),
    "first reports": (0.06, lambda folder: _scene_of_marts_and_reports(folder, killed=REPORT, is_made_before=False)),
    "next reports": (0.06, lambda folder: _scene_of_marts_and_reports(folder, killed=REPORT, is_made_before=True)),
}
"""Name → its share of the kills, and its making."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_a_lake_after_kills_equals_a_clean_one(name: str, tmp_path: Path) -> None:
    fraction, make = SCENES[name]
    scene = make(tmp_path)
    assert sum(file.endswith("manifest.json") for file in scene.clean) == len(SYMBOLS)
    killer = Killer(20240101, scene.usual)
    assert_lakes_equal_a_clean_one(
        name, fraction, killer, lambda root: _kill_once_through(scene, killer, root), scene.clean, tmp_path
    )


def test_two_runs_on_the_same_partitions_give_one_result(tmp_path: Path) -> None:
    _clean_deliveries(tmp_path / "clean", RESEARCH)
    root = tmp_path / "shared"
    for drop_files in (_first_files, _second_files):
        drop_files(root)
        for child in [ChildRun(root, RESEARCH) for _ in range(2)]:
            child.finish()
    assert fingerprints(root / "lake") == fingerprints(tmp_path / "clean" / "lake")
