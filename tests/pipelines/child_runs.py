"""Child runs: a job of a small project in a process of its own, which may be killed at any moment.

Put here: the body of the child and its cheap start (a fork server that has everything imported).
Keep out: tests.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["quant_pipelines.definitions", "tests.pipelines.small_project"])


def _body(root: Path, job: str, first: str, last: str, started: Connection) -> None:
    """Register and run a range; says when the work starts, and again when it has succeeded."""
    import dagster as dg  # noqa: PLC0415  already imported by the fork server

    from quant_pipelines.stages import runner  # noqa: PLC0415
    from tests.pipelines.small_project import SmallProject  # noqa: PLC0415

    runner.MAX_DRAWN_KEYS = 0
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral(tempdir=folder) as instance:
        project = SmallProject(root, instance)
        started.send("started")
        project.register()
        project.run_range(job, first, last)
        started.send("done")


class ChildRun:
    """A running child.

    Args:
        root: folder of the small project.
        job: job to run after registration.
        keys: first and last key of the range.
    """

    def __init__(self, root: Path, job: str, keys: tuple[str, str]) -> None:
        self._receiver, sender = FORKED.Pipe(duplex=False)
        self._process: BaseProcess = FORKED.Process(target=_body, args=(root, job, *keys, sender))
        self._process.start()
        sender.close()
        assert self._receiver.recv() == "started"
        self._start = time.monotonic()

    def finish(self) -> float:
        """Wait for success; returns how long the work took, in seconds."""
        assert self._receiver.recv() == "done"
        elapsed = time.monotonic() - self._start
        self._process.join()
        return elapsed

    def kill_after(self, seconds: float) -> float | None:
        """Kill the child unless it is done by then; returns how long it took, or None when it was killed."""
        if self._receiver.poll(seconds):
            return self.finish()
        self._process.kill()
        self._process.join()
        return None
