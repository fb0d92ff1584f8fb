"""Histories: whatever happens to a source and to the runs that follow it, a quiet lake is that of the last state.

Random edits of files (added, appended, restated, deleted, late, future, back to an earlier content, touched, written
while they are read), runs that succeed, are killed between two writes, fail or never start, lost cursors. When the
sensor has nothing more to request, every key is up to date and the tables are those of a lake built afresh.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.pipelines.random_histories import assert_lives_well


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("seed", range(2))
def test_a_few_histories(seed: int, kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert_lives_well(10_000 + seed, kind, tmp_path / "history", request)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_many_histories(block: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """``RANDOM_HISTORIES=500 make test-slow`` is the release's size."""
    for seed in range(block, int(os.environ.get("RANDOM_HISTORIES", "60")), 4):
        assert_lives_well(seed, "memory", tmp_path / f"history_{seed}", request)
        shutil.rmtree(tmp_path / f"history_{seed}")
