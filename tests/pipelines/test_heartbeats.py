"""Heartbeats: a run whose process was killed is ended within minutes; nothing else is, on any instance."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from quant_pipelines.automation import heartbeats
from quant_pipelines.automation.heartbeats import (
    BEAT_S,
    DEAD_AFTER_S,
    HEARTBEAT_TAG,
    beat_text,
    beating,
    end_dead_runs,
)
from quant_pipelines.automation.runs import run_job
from quant_pipelines.automation.sensors.dead_runs import dead_runs
from tests.pipelines.child_runs import FORKED
from tests.pipelines.conftest import open_instance

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@dg.op
def sleeps() -> None:
    """Work that does not end."""
    time.sleep(600)


@dg.op
def ends() -> None:
    """Work that ends."""


SLEEPER = dg.GraphDefinition("sleeper", node_defs=[sleeps]).to_job()
ENDER = dg.GraphDefinition("ender", node_defs=[ends]).to_job()


def _run(instance: dg.DagsterInstance, status: DagsterRunStatus, beat_s_ago: float | None) -> str:
    tags = {} if beat_s_ago is None else {HEARTBEAT_TAG: beat_text(NOW - timedelta(seconds=beat_s_ago))}
    return instance.create_run_for_job(ENDER, status=status, tags=tags).run_id


def test_only_unfinished_runs_that_stopped_beating_are_ended(instance: dg.DagsterInstance) -> None:
    dead = {_run(instance, s, DEAD_AFTER_S + 1) for s in (DagsterRunStatus.STARTED, DagsterRunStatus.NOT_STARTED)}
    others = {
        _run(instance, DagsterRunStatus.STARTED, DEAD_AFTER_S - 1): DagsterRunStatus.STARTED,
        _run(instance, DagsterRunStatus.STARTED, None): DagsterRunStatus.STARTED,  # the daemon's
        _run(instance, DagsterRunStatus.CANCELED, 1e6): DagsterRunStatus.CANCELED,
        _run(instance, DagsterRunStatus.SUCCESS, 1e6): DagsterRunStatus.SUCCESS,
    }
    assert set(end_dead_runs(instance, NOW)) == dead
    assert end_dead_runs(instance, NOW) == []
    for run_id in dead:
        (record,) = instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))
        assert record.dagster_run.status is DagsterRunStatus.FAILURE
        assert record.end_time
    assert {run_id: instance.get_run_by_id(run_id).status for run_id in others} == others  # pyright: ignore
    (text,) = [e.message for e in instance.all_logs(next(iter(dead))) if e.dagster_event and e.dagster_event.is_failure]
    assert "The process of this run is dead: expected a heartbeat every 15 s" in text
    assert "qe backfill --failed --stale --missing" in text


def test_a_run_beats_until_it_ends_and_a_beat_that_fails_ends_nothing(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(heartbeats, "BEAT_S", 0.02)
    run_id = _run(instance, DagsterRunStatus.STARTED, 1e6)
    with beating(instance, run_id, lambda: NOW):
        until = time.monotonic() + 20
        while end_dead_runs(instance, NOW - timedelta(days=30)) == [] and time.monotonic() < until:
            run = instance.get_run_by_id(run_id)
            assert run is not None
            if run.tags[HEARTBEAT_TAG] == beat_text(NOW):
                break
            time.sleep(0.02)
        assert end_dead_runs(instance, NOW + timedelta(seconds=DEAD_AFTER_S - 1)) == []
        with monkeypatch.context() as broken:
            broken.setattr(type(instance), "add_run_tags", _no_storage)
            time.sleep(0.2)
    assert "could not be written: no storage" in caplog.text
    assert end_dead_runs(instance, NOW + timedelta(seconds=DEAD_AFTER_S)) == [run_id]
    assert 10 * BEAT_S <= DEAD_AFTER_S


def _no_storage(*_: object) -> None:
    raise RuntimeError("no storage")


def test_a_run_of_the_terminal_that_ends_by_itself_is_never_dead(instance: dg.DagsterInstance) -> None:
    outcome = run_job(ENDER, {}, instance)
    assert outcome.is_success
    assert end_dead_runs(instance, datetime.now(UTC) + timedelta(days=1)) == []


def _sleep_in(home: str) -> None:
    with dg.DagsterInstance.from_config(home) as instance:
        run_job(SLEEPER, {}, instance)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_killed_command_frees_its_place_and_says_why(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The sensor ends it as soon as its beat is old; until then it counts as at work."""
    with open_instance(kind, tmp_path, request) as instance:
        child = FORKED.Process(target=_sleep_in, args=(str(tmp_path / "home"),))
        child.start()
        started, until = dg.RunsFilter(statuses=[DagsterRunStatus.STARTED]), time.monotonic() + 60
        while not instance.get_runs(started) and time.monotonic() < until:
            time.sleep(0.1)
        (run,) = instance.get_runs(started)
        child.kill()
        child.join()
        assert end_dead_runs(instance, datetime.now(UTC)) == []
        instance.add_run_tags(run.run_id, {HEARTBEAT_TAG: beat_text(datetime.now(UTC) - timedelta(hours=1))})
        with dg.build_sensor_context(instance=instance) as context:
            assert "1 dead runs" in str(dead_runs(context))
        assert instance.get_runs(started) == []
