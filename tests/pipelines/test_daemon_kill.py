"""Crash safety of what the daemon does: its runs are killed, or it is killed itself, with its runs or without them.

The next tick, or the next start of the daemon, has to find what is left to do; when it finds nothing more, tables,
manifests, index and marts are those of a daemon that nobody killed.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import dagster as dg
import pytest

from tests.pipelines.child_runs import FORKED
from tests.pipelines.daemon import live, make_home, work
from tests.pipelines.kills import differences, share, state_of
from tests.pipelines.small_project import SmallProject, daily_csv


def _first_files(root: Path) -> None:
    project = SmallProject.at(root)
    project.drop("AAA")
    project.drop("BBB")


def _next_files(root: Path) -> None:
    project = SmallProject.at(root)
    project.drop("AAA", daily_csv("AAA", 420))
    project.drop("BBB", daily_csv("BBB", 300, seed=2))


N_CHANGES = 150
"""Of a run, about: a run that makes fewer changes than drawn is not killed."""
FILES: tuple[Callable[[Path], None], ...] = (_first_files, _next_files)


class Daemons:
    """Daemons of one project, one after the other, and the code server that starts their runs.

    Args:
        root: folder of the project, not there yet.
        chance: draws who is killed, and when.
        n_changes: of a run, about.

    Attributes:
        n_killed: processes.
        n_daemons_killed: those of them that were daemons.
    """

    def __init__(self, root: Path, chance: random.Random, n_changes: int) -> None:
        self._root, self._chance, self._n_changes = root, chance, n_changes
        self._runs: list[BaseProcess] = []
        self._later_s = 0.0
        self.n_killed = self.n_daemons_killed = 0
        root.mkdir()
        make_home(root)

    def live(self, seconds: float | None = None) -> float:
        """Start daemons until one finds nothing more to do; returns how long that one lived, in seconds.

        Args:
            seconds: about how long a daemon lives that nobody kills; None kills nobody.
        """
        n_to_kill = 0 if seconds is None else self._chance.randrange(2, 6)
        while True:
            channel, other_end = FORKED.Pipe()
            daemon = FORKED.Process(target=live, args=(self._root, self._later_s, other_end))
            daemon.start()
            other_end.close()
            assert channel.recv() == "started", self._log()
            started = time.monotonic()
            lives_s = (
                self._chance.uniform(0.0, seconds) if seconds and n_to_kill and self._chance.random() < 0.6 else None
            )
            ended = self._serve(channel, lives_s, kill_runs=n_to_kill)
            if ended is None:
                daemon.kill()
                self.n_daemons_killed += 1
                self._later_s += 1_000_000.0  # no clock goes back
            daemon.join()
            n_before, self.n_killed = self.n_killed, self.n_killed + (ended is None) + self._end_runs()
            n_to_kill = max(0, n_to_kill - (self.n_killed - n_before))
            if ended is not None:
                self._later_s = ended
                return time.monotonic() - started

    def _serve(self, channel: Connection, seconds: float | None, *, kill_runs: int) -> float | None:
        """Start the runs of a daemon; how far its clock was ahead when it found rest, None when its time is over."""
        until = None if seconds is None else time.monotonic() + seconds
        while channel.poll(None if until is None else max(0.0, until - time.monotonic())):
            try:
                told = channel.recv()
            except EOFError:
                raise AssertionError(f"the daemon failed by itself:\n{self._log()}") from None
            if isinstance(told, float):
                return told
            dies_before = self._chance.randrange(1, self._n_changes) if kill_runs > 0 else None
            run = FORKED.Process(target=work, args=(self._root, told, dies_before))
            run.start()
            self._runs.append(run)
            kill_runs -= 1
            channel.send(run.pid)
        return None

    def _end_runs(self) -> int:
        """End the runs of a daemon that is gone, half the time with -9; how many were killed since it began."""
        is_kind = self._chance.random() < 0.5
        for run in self._runs:
            if not is_kind:
                run.kill()
            run.join()
        n_killed = sum(run.exitcode == -9 for run in self._runs)
        self._runs.clear()
        return n_killed

    def _log(self) -> str:
        return (self._root / "log.txt").read_text()[-5_000:]


@pytest.mark.slow
def test_a_lake_that_a_killed_daemon_brings_up_to_date_equals_a_clean_one(tmp_path: Path) -> None:
    chance, seconds = random.Random(11), 0.0
    clean = Daemons(tmp_path / "clean", chance, 0)
    for drop_files in FILES:
        drop_files(tmp_path / "clean")
        seconds = max(seconds, clean.live())
    wanted = state_of(tmp_path / "clean")
    assert any(name.startswith("mart__") for name in wanted)
    n_killed = n_daemons = n_lakes = 0
    while n_killed < share(0.03):
        root = tmp_path / f"killed_{n_lakes}"
        daemons = Daemons(root, chance, N_CHANGES)
        for drop_files in FILES:
            drop_files(root)
            daemons.live(seconds)
        n_killed, n_daemons, n_lakes = n_killed + daemons.n_killed, n_daemons + daemons.n_daemons_killed, n_lakes + 1
        found = differences(state_of(root), wanted)
        assert not found, "\n".join([f"lake {n_lakes} after {n_killed} kills", *found])
        _assert_every_run_has_ended(root)
        shutil.rmtree(root)
    assert 0 < n_daemons < n_killed
    print(f"daemon: {n_killed} kills, {n_daemons} of daemons, {n_lakes} lakes equal a clean one")  # noqa: T201


def _assert_every_run_has_ended(root: Path) -> None:
    with dg.DagsterInstance.from_config(str(root / "home")) as instance:
        assert {run.status for run in instance.get_runs() if not run.is_finished} == set()
