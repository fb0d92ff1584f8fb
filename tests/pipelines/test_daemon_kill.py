"""Crash safety of what the daemon does: its runs are killed, or it is killed itself, with its runs or without them.

The next tick, or the next start of the daemon, has to find what is left to do; when it finds nothing more, tables,
manifests, index and marts are those of a daemon that nobody killed.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest

from tests.pipelines.child_runs import FORKED
from tests.pipelines.daemon import live, make_home
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


FILES: tuple[Callable[[Path], None], ...] = (_first_files, _next_files)


class Daemons:
    """Daemons of one project, one after the other.

    Attributes:
        n_killed: processes.
        n_daemons_killed: those of them that were daemons.
    """

    def __init__(self, root: Path, chance: random.Random, *, n_changes: int) -> None:
        self._root, self._chance, self._n_changes = root, chance, n_changes
        self._later_s = 0.0
        self.n_killed = self.n_daemons_killed = 0
        root.mkdir()
        make_home(root)

    def live(self, *, seconds: float | None) -> float:
        """Start daemons until one finds nothing more to do; returns how long the last one lived, in seconds.

        Args:
            seconds: about how long a daemon lives that nobody kills; None kills nothing.
        """
        while True:
            receiver, sender = FORKED.Pipe(duplex=False)
            deaths = [] if seconds is None else self._deaths()
            process = FORKED.Process(target=live, args=(self._root, deaths, self._later_s, sender))
            process.start()
            sender.close()
            assert receiver.recv() == "started", (self._root / "log.txt").read_text()
            started = time.monotonic()
            is_killed = seconds is not None and self._chance.random() < 0.5
            if not receiver.poll(self._chance.uniform(0.0, seconds or 0.0) if is_killed else None):
                process.kill()
                process.join()
                self.n_killed += 1 + self._end_runs(kill=self._chance.random() < 0.5)
                self.n_daemons_killed += 1
                self._later_s += 200_000.0  # the clock never goes back
                continue
            try:
                n_killed, self._later_s = receiver.recv()
            except EOFError:
                raise AssertionError((self._root / "log.txt").read_text()[-5_000:]) from None
            process.join()
            self.n_killed += n_killed
            return time.monotonic() - started

    def _deaths(self) -> list[int | None]:
        """Of the runs that a daemon launches: none lasting, or it would never find rest."""
        return [self._chance.choice([None, self._chance.randrange(1, self._n_changes)]) for _ in range(4)]

    def _end_runs(self, *, kill: bool) -> int:
        """Let the runs of a daemon that is gone end, or kill them; how many were killed."""
        pids = self._root / "pids.txt"
        n_killed = 0
        for pid in [int(line) for line in pids.read_text().split()] if pids.exists() else []:
            if _is_alive(pid) and kill:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    n_killed += 1
            until = time.monotonic() + 120
            while _is_alive(pid):
                assert time.monotonic() < until, f"the run of process {pid} does not end"
                time.sleep(0.02)
        pids.unlink(missing_ok=True)
        return n_killed


def _is_alive(pid: int) -> bool:
    """Whether a process works; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_a_lake_that_a_killed_daemon_brings_up_to_date_equals_a_clean_one(tmp_path: Path) -> None:
    chance, seconds = random.Random(11), 0.0
    clean = Daemons(tmp_path / "clean", chance, n_changes=1)
    for drop_files in FILES:
        drop_files(tmp_path / "clean")
        seconds = max(seconds, clean.live(seconds=None))
    wanted = state_of(tmp_path / "clean")
    assert any(name.startswith("mart__") for name in wanted)
    n_killed = n_daemons = n_lakes = 0
    while n_killed < share(0.1):
        root = tmp_path / f"killed_{n_lakes}"
        daemons = Daemons(root, chance, n_changes=len(wanted))
        for drop_files in FILES:
            drop_files(root)
            daemons.live(seconds=seconds)
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
