"""Child runs: jobs of a small project in a process of their own, which may be killed at any moment or change.

Put here: the body of the child and its cheap start (a fork server that has everything loaded).
Keep out: what is loaded (warm_project.py), which moment to choose (kills.py), tests.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.pipelines.changes import Changes
from tests.pipelines.warm_project import draw_nothing, instance_here, run_here

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    ["tests.pipelines.fork_server", "tests.pipelines.small_project", "tests.pipelines.daemon"]
)

Runs = Sequence[tuple[str, Mapping[str, str]]]
"""Jobs with their tags, one after the other."""


def _body(root: Path, runs: Runs, environment: Mapping[str, str], dies_before: int | None, told: Connection) -> None:
    """Do the runs; says when the work starts, and how many changes it was when all succeeded."""
    os.chdir(root)
    os.environ.update(environment)
    draw_nothing()
    with instance_here() as instance:
        told.send("started")
        changes = Changes(dies_before)
        for job, tags in runs:
            run_here(job, tags, instance)
        told.send(changes.n)


@dataclass(frozen=True)
class Finished:
    """What a child that got through took.

    Attributes:
        seconds: of work.
        n_changes: of files of the lake.
    """

    seconds: float
    n_changes: int


class ChildRun:
    """A running child.

    Args:
        root: folder of the small project.
        runs: what it does.
        environment: variables that it has besides.
        dies_before: number of the change that it does not live to make; None lives.
    """

    def __init__(
        self,
        root: Path,
        runs: Runs,
        environment: Mapping[str, str] | None = None,
        dies_before: int | None = None,
    ) -> None:
        self._receiver, sender = FORKED.Pipe(duplex=False)
        arguments = (root, runs, environment or {}, dies_before, sender)
        self._process: BaseProcess = FORKED.Process(target=_body, args=arguments)
        self._process.start()
        sender.close()
        assert self._receiver.recv() == "started"
        self._start = time.monotonic()

    def finish(self) -> Finished:
        """Wait for success."""
        finished = self.wait()
        assert finished is not None
        return finished

    def wait(self, seconds: float | None = None) -> Finished | None:
        """Wait until the child is done or dead, and kill it when that takes longer; None when it was killed."""
        try:
            if self._receiver.poll(seconds):
                finished = Finished(time.monotonic() - self._start, self._receiver.recv())
                self._process.join()
                return finished
            self._process.kill()
        except EOFError:
            pass
        self._process.join()
        assert self._process.exitcode == -9, f"the run failed by itself, exit code {self._process.exitcode}"
        return None
