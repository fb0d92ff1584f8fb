"""A daemon: Dagster's own sensors, queue and monitoring over a small project, in a process that may be killed.

Put here: one life of the daemon, how it starts runs, and what becomes of them.
Keep out: when it is killed and tests (test_daemon_kill.py).

The code of Dagster is the real one: ticks with their cursors and run keys, the queue with its limit, a process per run,
monitoring. Two things are not: the code location is loaded in the daemon's process, and a run is forked from a warm
process, which saves the seconds that a code server needs to start one. A dead run is found as the code server finds it,
by its process; who is killed loses its runs from sight.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import dagster as dg
from dagster._core.launcher.base import LaunchRunContext, RunLauncher
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.scheduler.instigation import InstigatorType
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._grpc.impl import core_execute_run
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster._utils.hosted_user_process import recon_job_from_origin

from quant_pipelines.automation.code_location import LOCATION
from quant_pipelines.automation.sensors import new_data, refresh_marts
from quant_pipelines.resources import PACKAGED_CONFIG
from tests.pipelines.changes import Changes
from tests.pipelines.warm_project import draw_nothing

LAUNCHER = "run_launcher: {module: tests.pipelines.daemon, class: ForkedRunLauncher}\n"
SENSORS = ("new_data", "refresh_marts")
LONGER_THAN_ALL_WAITS_S = 40_000.0
"""Longer than the longest wait before a run is asked for again, and than a run may take before it counts as dead."""
_LOG = logging.getLogger(__name__)
_ORIGIN = InProcessCodeLocationOrigin(
    LoadableTargetOrigin(module_name="tests.pipelines.warm_project", attribute="DEFINITIONS"), location_name=LOCATION
)
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
_CODE_SERVER: list[Connection] = []
"""Of this process, once it is a daemon: told the id of a run, it starts it and answers with the id of its process."""


def work(root: Path, run_id: str, dies_before: int | None) -> None:
    """What the process of a run does.

    Args:
        root: folder of the project.
        run_id: of the run.
        dies_before: number of the change that it does not live to make; None lives.
    """
    os.chdir(root)
    _be_quiet()
    draw_nothing()
    with dg.DagsterInstance.from_config("home") as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.job_code_origin is not None
        Changes(dies_before)
        for _ in core_execute_run(recon_job_from_origin(run.job_code_origin), run, instance, inject_env_vars=True):
            pass


def is_alive(pid: int) -> bool:
    """Whether a process works; one that is dead and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _be_quiet() -> None:
    """What the process prints goes to a file of the project."""
    with Path("log.txt").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)


class ForkedRunLauncher(RunLauncher[dg.DagsterInstance], ConfigurableClass):
    """Has runs started as processes that are forked from a warm one."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._pids: dict[str, int] = {}
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> ForkedRunLauncher:
        assert not config_value
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        run_id = context.dagster_run.run_id
        _CODE_SERVER[-1].send(run_id)
        self._pids[run_id] = _CODE_SERVER[-1].recv()

    def terminate(self, run_id: str) -> bool:
        return False

    def end_dead(self, instance: dg.DagsterInstance) -> None:
        """Wait for the processes, and mark as failed what did not end by itself, as the code server does."""
        for run_id, pid in self._pids.items():
            while is_alive(pid):
                time.sleep(0.01)
            run = instance.get_run_by_id(run_id)
            if run is not None and not run.is_finished:
                instance.report_run_failed(run)
        self._pids.clear()


@contextmanager
def _later(seconds: float) -> Generator[None]:
    """A clock of Dagster, and of the sensors, that is ahead; runs keep the real one."""
    stamp = time.time() + seconds
    now = datetime.fromtimestamp(stamp, UTC)
    with (
        mock.patch("dagster._time._mockable_get_current_datetime", return_value=now),
        mock.patch("dagster._time._mockable_get_current_timestamp", return_value=stamp),
        mock.patch.object(new_data, "time", SimpleNamespace(time=lambda: stamp)),
        mock.patch.object(refresh_marts, "time", SimpleNamespace(time=lambda: stamp)),
    ):
        yield


def make_home(root: Path) -> None:
    """The packaged settings, with the launcher of runs."""
    (root / "home").mkdir(exist_ok=True)
    (root / "home" / "dagster.yaml").write_text((PACKAGED_CONFIG / "dagster.yaml").read_text() + LAUNCHER)


def live(root: Path, later_s: float, code_server: Connection) -> None:
    """Tick, launch and watch until two rounds in a row bring nothing new.

    Args:
        root: folder of the project.
        later_s: how far the clock is ahead in the first round.
        code_server: hears "started", then the runs to start, and at the end how far the clock was ahead.
    """
    os.chdir(root)
    _be_quiet()
    draw_nothing()
    _CODE_SERVER.append(code_server)
    target = InProcessWorkspaceLoadTarget(_ORIGIN)
    with (
        dg.DagsterInstance.from_config("home") as instance,
        WorkspaceProcessContext(instance, target) as workspace,
        QueuedRunCoordinatorDaemon(interval_seconds=1) as queue,
    ):
        code_server.send("started")
        _switch_sensors_on(workspace)
        n_quiet = 0
        while n_quiet < 2:
            later_s += LONGER_THAN_ALL_WAITS_S
            n_runs = instance.get_runs_count()
            with _later(later_s):
                _without_errors(execute_run_monitoring_iteration(workspace, _LOG))
                _without_errors(execute_sensor_iteration(workspace, _LOG, None, None))
            _without_errors(queue.run_iteration(workspace))
            launcher = instance.run_launcher
            assert isinstance(launcher, ForkedRunLauncher)
            launcher.end_dead(instance)
            is_quiet = instance.get_runs_count() == n_runs and not instance.get_runs(
                dg.RunsFilter(statuses=_UNFINISHED)
            )
            n_quiet = n_quiet + 1 if is_quiet else 0
        code_server.send(later_s)


def _switch_sensors_on(workspace: WorkspaceProcessContext) -> None:
    """As a person does once."""
    instance = workspace.instance
    known = {s.instigator_name for s in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)}
    location = workspace.create_request_context().get_code_location(LOCATION)
    for repository in location.get_repositories().values():
        for sensor in repository.get_sensors():
            if sensor.name in SENSORS and sensor.name not in known:
                instance.start_sensor(sensor)


def _without_errors(iteration: Iterator[Any]) -> None:
    """Carry an iteration of the daemon to its end."""
    errors = [error for error in iteration if error is not None]
    assert not errors, errors
