"""Random lives of a project: after every step, every stage of every key is in the state that an independent model says.

The steps are runs of all or some stages over random keys, runs that die, stages that break and are mended, restated
and renamed sources, symbols taken off the list and put back, changed research files, deleted files and pruning. The
raw store, the lake, the runner and the events are the real ones; what is computed is a constant.
"""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

import pytest

from tests.pipelines.conftest import open_instance
from tests.pipelines.random_lives import Life


def _live(kind: str, seed: int, folder: Path, request: pytest.FixtureRequest) -> None:
    """One life; the states are compared before its first step and after every one."""
    folder.mkdir()
    with open_instance(kind, folder, request) as instance:
        life = Life(folder / "project", instance, seed)
        for step in itertools.chain(["start"], life.steps()):
            found, expected = life.found_and_expected()
            assert found == expected, f"seed {seed}, after: {step}\n" + "\n".join(life.log)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_few_random_lives(kind: str, seed: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    _live(kind, 1_000 + seed, tmp_path / "life", request)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_many_random_lives(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """``RANDOM_LIVES=200 make test-slow`` is the release's size; a life takes some seconds."""
    for seed in range(int(os.environ.get("RANDOM_LIVES", "25"))):
        _live(kind, seed, tmp_path / f"life_{seed}", request)
        shutil.rmtree(tmp_path / f"life_{seed}")
