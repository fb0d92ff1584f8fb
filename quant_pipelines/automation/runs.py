"""Runs from the terminal: one Dagster run per rectangle, in this process, with its progress.

Put here: starting runs and watching them.
Keep out: which keys (stages/key_state.py) and how it looks (cli/).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import dagster as dg
from dagster import DagsterInstance
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import create_execution_plan, execute_run

from quant_core.errors import ConfigError
from quant_core.shown_text import MESSAGE_LETTERS, shown
from quant_pipelines.automation.code_location import job_origin
from quant_pipelines.automation.heartbeats import HEARTBEAT_TAG, beat_text, beating
from quant_pipelines.resources import prepare_dagster_home
from quant_pipelines.stages.progress import PROGRESS_LINE

_POLL_S = 0.5
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        failures: one text per failed step.
    """

    run_id: str
    is_success: bool
    failures: tuple[str, ...]


def open_instance() -> DagsterInstance:
    """The instance that DAGSTER_HOME names: symbols, runs and events live there.

    Raises:
        ConfigError: DAGSTER_HOME is not set, its dagster.yaml is wrong, or its database cannot be used.
    """
    prepare_dagster_home()
    try:
        return DagsterInstance.get()
    except Exception as error:  # of Dagster, of its storages and of their drivers, which share no class
        found = f"{type(error).__name__}: {shown(error, MESSAGE_LETTERS)}".rstrip(".")
        is_missing = isinstance(error, ImportError) or "import module" in found
        step = (
            "Install the driver of its database: pip install 'quant-engine[postgres]'."
            if is_missing
            else "Correct DAGSTER_HOME/dagster.yaml and the variables that it names, and check that its database runs."
        )
        raise ConfigError(
            "The Dagster instance cannot be opened: expected DAGSTER_HOME/dagster.yaml to name one, found "
            f"{found}. {step}"
        ) from error


def run_job(
    job: dg.JobDefinition,
    tags: Mapping[str, str],
    instance: DagsterInstance,
    *,
    config: Mapping[str, Any] | None = None,
    on_progress: Callable[[int], object] = int,
) -> RunOutcome:
    """Run a job in this process and report how many keys are done while it works.

    Args:
        job: of the code location.
        tags: run tags; those of a Rectangle make the run cover it.
        instance: where the run is recorded.
        config: run config of its ops and resources.
        on_progress: receives the number of keys done, about once a second.
    """
    run_id, done = str(uuid4()), threading.Event()
    watcher = threading.Thread(target=_watch, args=(instance, run_id, on_progress, done), daemon=True)
    watcher.start()
    try:
        result = _execute(job, tags, instance, run_id, {**_QUIET, **(config or {})})
    finally:
        done.set()
        watcher.join()
    failures = dict.fromkeys(_failure_text(e) for e in result.all_events if e.is_failure)
    return RunOutcome(run_id, result.success, tuple(filter(None, failures)))


def _execute(
    job: dg.JobDefinition, tags: Mapping[str, str], instance: DagsterInstance, run_id: str, config: Mapping[str, Any]
) -> dg.JobExecutionResult:
    """What ``JobDefinition.execute_in_process`` does, which has no word for where a job comes from."""
    in_memory = InMemoryJob(job.as_ephemeral_job(resource_defs={}, input_values={}))
    run = instance.create_run_for_job(
        job_def=in_memory.get_definition(),
        run_id=run_id,
        run_config=config,
        tags={**job.run_tags, **tags, HEARTBEAT_TAG: beat_text(datetime.now(UTC))},
        execution_plan=create_execution_plan(in_memory, run_config=config),
        remote_job_origin=job_origin(job.name),
    )
    with beating(instance, run_id):
        return execute_run(in_memory, run, instance)


def _watch(instance: DagsterInstance, run_id: str, on_progress: Callable[[int], object], done: threading.Event) -> None:
    """Read the progress lines of the event log until the run is over."""
    cursor: str | None = None
    while not done.wait(_POLL_S):
        if not instance.has_run(run_id):
            continue
        page = instance.get_records_for_run(run_id, cursor)
        cursor = page.cursor
        for record in page.records:
            line = PROGRESS_LINE.match(record.event_log_entry.user_message or "")
            if line:
                on_progress(int(line[1]))


def _failure_text(event: dg.DagsterEvent) -> str:
    """What a failure event says to a reader: our own text where the failure is ours."""
    data = event.event_specific_data
    declared = getattr(data, "user_failure_data", None)
    if declared is not None:
        return str(declared.description or "").strip()
    error = getattr(data, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    return str(error.message).strip() if error is not None else ""
