"""Kills: a run is killed until one gets through, and what is then there is compared with what nobody killed.

Put here: how many kills, which moments and changes, and what must be equal.
Keep out: processes (child_runs.py), what is run and tests.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from quant_pipelines.sources.saved_index import index_of
from tests.pipelines.child_runs import ChildRun, Finished, Runs
from tests.pipelines.small_project import fingerprints

N_KILLS = int(os.environ.get("KILLS", "160"))
"""Of all kill tests together. ``KILLS=1000 make test-slow`` is the release's size."""


def share(fraction: float) -> int:
    """How many of the kills are a test's, at least three.

    >>> share(0.0)
    3
    """
    return max(3, round(N_KILLS * fraction))


def state_of(root: Path) -> dict[str, str]:
    """What a lake holds: content of its tables, pages and manifests, of its index, and the names of all other files."""
    lake = root / "lake"
    names = {
        path.relative_to(lake).as_posix(): ""
        for path in lake.rglob("*")
        if path.is_file() and "inbox" not in path.relative_to(lake).parts
    }
    indexes = {path.relative_to(lake).as_posix(): _index(path) for path in lake.glob(".index/*.json")}
    return names | fingerprints(lake) | indexes


def _index(path: Path) -> str:
    """What an index remembers of files, without what tells one file from another: their times and places on disk."""
    return json.dumps(sorted(json.dumps(content, sort_keys=True) for content in index_of(path.read_bytes()).values()))


class Killer:
    """Kills runs, half of them at any moment, half of them before a change.

    Args:
        seed: of what is drawn.
        usual: a run that nobody killed.
    """

    def __init__(self, seed: int, usual: Finished) -> None:
        self._chance, self._seconds, self._n_changes = random.Random(seed), usual.seconds, usual.n_changes
        self.n_killed = 0

    def kill_until_through(self, root: Path, runs: Runs, environment: Mapping[str, str] | None = None) -> None:
        """Start the runs again and again, each time to be killed later on average, until they get through."""
        stretch = 1.0
        while True:
            if self._chance.random() < 0.5:
                child = ChildRun(
                    root, runs, environment, self._chance.randrange(1, round(self._n_changes * stretch) + 2)
                )
                finished = child.wait()
            else:
                finished = ChildRun(root, runs, environment).wait(self._chance.uniform(0.0, self._seconds * stretch))
            if finished is not None:
                self._seconds = max(
                    finished.seconds, 0.7 * self._seconds
                )  # the moments follow the speed of the machine
                return
            self.n_killed += 1
            stretch *= 1.05  # so that a run gets through at last


def assert_lakes_equal_a_clean_one(
    name: str,
    fraction: float,
    killer: Killer,
    kill_once_through: Callable[[Path], None],
    clean: Mapping[str, str],
    folder: Path,
) -> None:
    """Bring lakes up to date by runs that are killed, until a test's share of the kills is done.

    Args:
        name: what is killed, for the release's log.
        fraction: of all kills.
        killer: counts them.
        kill_once_through: brings the lake of a new folder up to date.
        clean: what a lake holds after runs that nobody killed.
        folder: for the lakes.
    """
    n_lakes = 0
    while killer.n_killed < share(fraction):
        root = folder / f"killed_{n_lakes}"
        kill_once_through(root)
        found = differences(state_of(root), clean)
        assert not found, "\n".join([f"lake {n_lakes} after {killer.n_killed} kills", *found])
        shutil.rmtree(root)
        n_lakes += 1
    print(f"{name}: {killer.n_killed} kills, {n_lakes} lakes equal a clean one")  # noqa: T201


def differences(found: Mapping[str, str], clean: Mapping[str, str]) -> list[str]:
    """What is other than in a clean lake; texts.

    >>> differences({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": ""})
    ['other: b', 'missing: c']
    """
    other = [f"other: {name}" for name in sorted(found.keys() & clean.keys()) if found[name] != clean[name]]
    missing = [f"missing: {name}" for name in sorted(clean.keys() - found.keys())]
    return [*other, *missing, *(f"left behind: {name}" for name in sorted(found.keys() - clean.keys()))]
