"""Heartbeats: runs of the terminal say that their process is alive; one that stops saying so is dead and is ended.

Put here: the tag with the last beat, beating, and telling dead runs.
Keep out: running (runs.py) and when dead runs are looked for (sensors/dead_runs.py).

Dagster watches the processes that its daemon starts. A command is no child of the daemon: killed, its run would stay
"started", hold its place in the queue and keep everything that waits for it waiting until ``max_runtime_seconds``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import DagsterInstance

HEARTBEAT_TAG = "quant_engine/heartbeat"
BEAT_S = 15.0
"""Seconds between two beats."""
DEAD_AFTER_S = 180.0
"""Seconds without a beat after which a process counts as dead: a dozen beats, and more than two clocks may differ."""

_LOG = logging.getLogger(__name__)
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def beat_text(now: datetime) -> str:
    """The value of the tag.

    >>> beat_text(datetime(2024, 1, 31, 22, 0, 0, 7, tzinfo=UTC))
    '2024-01-31T22:00:00+00:00'
    """
    return now.astimezone(UTC).isoformat(timespec="seconds")


@contextmanager
def beating(
    instance: DagsterInstance, run_id: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Generator[None]:
    """Beat for a run for the length of a with block; a beat that cannot be written is a warning."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(BEAT_S):
            try:
                if instance.has_run(run_id):
                    instance.add_run_tags(run_id, {HEARTBEAT_TAG: beat_text(now())})
            except Exception as error:  # of any storage: the run itself says what is wrong with it, and goes on
                _LOG.warning("The heartbeat of run %s could not be written: %s", run_id, error)

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()


def end_dead_runs(instance: DagsterInstance, now: datetime) -> list[str]:
    """Mark every run as failed whose process has not beaten for some minutes.

    Args:
        instance: knows the runs; those that the daemon started have no beat and are left to it.
        now: UTC.

    Returns:
        Their ids, in no order.
    """
    ended: list[str] = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        last = run.tags.get(HEARTBEAT_TAG)
        if last is None or now - datetime.fromisoformat(last) < timedelta(seconds=DEAD_AFTER_S):
            continue
        instance.report_run_failed(
            run,
            f"The process of this run is dead: expected a heartbeat every {BEAT_S:.0f} s, found the last one at {last}."
            " It was started from a terminal and killed, or its machine stopped. What it had written stays; run the "
            "keys that are left with: qe backfill --failed --stale --missing.",
        )
        ended.append(run.run_id)
    return ended
