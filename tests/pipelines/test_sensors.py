"""Sensors: new and changed data request runs once, in rectangles, whatever happens to the cursor."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from quant_pipelines.automation.answered_data import FINGERPRINTS_TAG, answers
from quant_pipelines.automation.sensors import refresh_marts as refresh_marts_module
from quant_pipelines.automation.sensors.new_data import Cursor, new_data
from quant_pipelines.automation.sensors.refresh_marts import refresh_marts
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.sources.new_data import LONGEST_WAIT_S, MAX_ATTEMPTS, Answer, SymbolState, plan_new_data
from tests.pipelines.small_project import SmallProject, daily_csv, keys_of


@dataclass
class Ticks:
    """A sensor that is ticked by hand the way the daemon does: cursor kept, symbols added, run keys used once."""

    project: SmallProject
    cursor: str | None = None
    used: set[str] = field(default_factory=set)

    def tick(self) -> list[dg.RunRequest]:
        """Requests of one tick that the daemon would launch."""
        definitions = self.project.definitions()
        with dg.build_sensor_context(
            instance=self.project.instance,
            cursor=self.cursor,
            definitions=definitions,
            resources={"sources": definitions.resources["sources"], "lake": definitions.resources["lake"]},
        ) as context:
            result = new_data(context)
            self.cursor = context.cursor
        if not isinstance(result, dg.SensorResult):
            return []
        self.cursor = result.cursor
        for request in result.dynamic_partitions_requests or []:
            self.project.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        fresh = [r for r in result.run_requests or [] if r.run_key not in self.used]
        self.used |= {str(r.run_key) for r in fresh}
        return fresh

    @property
    def pending(self) -> list[str]:
        """The keys whose runs have not ended well yet, as the cursor says."""
        offered = {str(native) for native in self.project.inputs.sources.offers}
        return sorted(offered - set(Cursor.read(self.cursor).settled))

    def run(self, requests: list[dg.RunRequest]) -> None:
        """Run what was requested."""
        for request in requests:
            self.project.run("research", dict(request.tags))

    def end(self, requests: list[dg.RunRequest], status: DagsterRunStatus) -> None:
        """Runs of what was requested that did nothing and ended so: killed, or failed at their start."""
        job = self.project.definitions().resolve_job_def("research")
        for request in requests:
            run = self.project.instance.create_run_for_job(
                job, tags=dict(request.tags), status=DagsterRunStatus.STARTED
            )
            if status is DagsterRunStatus.FAILURE:
                self.project.instance.report_run_failed(run)
            elif status is DagsterRunStatus.CANCELED:
                self.project.instance.report_run_canceled(run)


@pytest.fixture
def ticks(tmp_path: Path) -> Ticks:
    """A project with two files in its inbox and nothing registered."""
    project = SmallProject.at(tmp_path)
    project.drop("AAA")
    project.drop("BBB")
    return Ticks(project)


def test_new_files_register_their_symbols_and_run_as_one_rectangle_in_the_same_tick(ticks: Ticks) -> None:
    requests = ticks.tick()
    assert ticks.project.instance.get_dynamic_partitions("symbols") == ["AAA", "BBB"]
    assert len(requests) == 1
    ticks.run(requests)
    assert ticks.project.materialized("market_stats") == keys_of(["AAA", "BBB"], ["D1", "W1"])


def test_a_tick_without_change_requests_nothing_and_a_changed_file_its_own_keys_only(ticks: Ticks) -> None:
    ticks.run(ticks.tick())
    assert ticks.tick() == []
    ticks.project.drop("BBB", daily_csv("BBB", 410))
    requests = ticks.tick()
    assert [r.tags["dagster/asset_partition_range_start"] for r in requests] == ["BBB|D1"]
    assert [r.tags["dagster/asset_partition_range_end"] for r in requests] == ["BBB|W1"]


def test_a_lost_cursor_requests_nothing_twice(ticks: Ticks) -> None:
    first = ticks.tick()
    ticks.run(first)
    ticks.project.drop("CCC")  # a second tick cuts another rectangle than one tick over all three would
    ticks.run(ticks.tick())
    ticks.cursor, ticks.used = None, set()
    assert ticks.tick() == []
    assert ticks.pending == []


def test_what_a_run_is_at_work_on_is_not_requested_again(ticks: Ticks) -> None:
    requests = ticks.tick()
    ticks.end(requests, DagsterRunStatus.STARTED)
    assert ticks.tick() == []
    assert ticks.pending == ["AAA|D1", "BBB|D1"]
    ticks.cursor = None
    assert ticks.tick() == []


@pytest.mark.parametrize("status", [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED])
@pytest.mark.parametrize("is_lost", [False, True])
def test_a_run_that_was_killed_or_failed_is_requested_again_later_each_time(
    ticks: Ticks, status: DagsterRunStatus, is_lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its news is not lost, whether or not the cursor is: the wait doubles from a minute."""
    clock = {"now": 2e9}
    monkeypatch.setattr("quant_pipelines.automation.sensors.new_data.time.time", lambda: clock["now"])
    requests = ticks.tick()
    for attempt in range(1, 4):
        ticks.end(requests, status)
        (answer,) = set(answers(ticks.project.instance, ["AAA|D1"]).values())
        assert (answer.outcome, answer.n_attempts) == ("failed", attempt)
        assert answer.ended_s is not None
        wait = 60 * 2 ** (attempt - 1)
        clock["now"] = answer.ended_s + wait - 1
        if is_lost:
            ticks.cursor = None
        assert ticks.tick() == []
        clock["now"] += 2
        requests = ticks.tick()
        assert len(requests) == 1
    ticks.run(requests)
    assert ticks.tick() == []
    assert ticks.project.materialized("market_stats") == keys_of(["AAA", "BBB"], ["D1", "W1"])


def test_a_run_that_failed_after_its_rows_were_taken_in_is_requested_again(ticks: Ticks) -> None:
    """The rows are stored, so the source alone shows nothing new: the run that answered to it did not end well."""
    requests = ticks.tick()
    ticks.project.run_range("ingest", "AAA|D1", "BBB|W1")
    ticks.end(requests, DagsterRunStatus.FAILURE)
    assert ticks.tick() == []  # it waits
    assert ticks.pending == ["AAA|D1", "BBB|D1"]


def test_a_file_that_changes_back_is_run_again(ticks: Ticks) -> None:
    """A, then B, then A, then B: every change is a run, whatever was run before."""
    a, b = daily_csv("BBB", 400), daily_csv("BBB", 400, seed=1)
    ticks.run(ticks.tick())
    for content in (b, a, b, a):
        ticks.project.drop("BBB", content)
        requests = ticks.tick()
        assert len(requests) == 1
        ticks.run(requests)
        assert ticks.tick() == []


def test_the_same_failure_is_given_up_and_named_until_the_source_changes() -> None:
    key = PartitionKey("A", "D1")
    state = SymbolState(key, ("D1",), "f2", "f1")
    last = Answer("f2", "failed", 0.0, "run", n_attempts=MAX_ATTEMPTS)
    plan = plan_new_data([state], {"A|D1": last}, ["A"], now_s=1e12, max_symbols=9)
    assert (plan.requests, plan.given_up) == ((), {"A|D1": "run"})
    changed = SymbolState(key, ("D1",), "f3", "f1")
    assert len(plan_new_data([changed], {"A|D1": last}, ["A"], now_s=0.0, max_symbols=9).requests) == 1


def test_a_refused_file_is_logged_with_its_reason_and_blocks_nothing(
    ticks: Ticks, capfd: pytest.CaptureFixture[str]
) -> None:
    ticks.project.drop("XXX", "this is\nno table of bars\n", name="XXX.csv")
    requests = ticks.tick()
    assert len(requests) == 1
    logged = capfd.readouterr().err
    assert "Refused XXX.csv" in logged
    assert "Fix:" in logged


def test_a_tick_takes_at_most_the_cap_and_the_next_one_goes_on(ticks: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quant_pipelines.automation.sensors.new_data.MAX_SYMBOLS_PER_TICK", 1)
    found = []
    for _ in range(3):
        requests = ticks.tick()
        found.append(len(requests))
        ticks.end(requests, DagsterRunStatus.STARTED)
    assert found == [1, 1, 0]
    assert ticks.project.instance.get_dynamic_partitions("symbols") == ["AAA", "BBB"]


def test_run_keys_depend_on_the_data_the_rectangle_and_the_run_before() -> None:
    def state(symbol: str, fingerprint: str) -> SymbolState:
        key = PartitionKey(symbol, "D1")
        return SymbolState(key, ("D1",), fingerprint)

    def run_key(fingerprint: str, registered: list[str], answers: dict[str, Answer] | None = None) -> str:
        plan = plan_new_data([state("A", fingerprint)], answers or {}, registered, now_s=1e9, max_symbols=9)
        return plan.requests[0].run_key

    assert run_key("f1", ["A"]) == run_key("f1", ["A", "B"]) != run_key("f2", ["A"])
    before = Answer("f2", "done", 0.0, "run")
    assert run_key("f1", ["A"], {"A|D1": before}) not in {run_key("f1", ["A"]), run_key("f2", ["A"])}


def test_requested_runs_carry_what_they_answer_to(ticks: Ticks) -> None:
    (request,) = ticks.tick()
    assert sorted(json.loads(request.tags[FINGERPRINTS_TAG])) == ticks.pending == ["AAA|D1", "BBB|D1"]


def _refresh(project: SmallProject, cursor: str | None) -> tuple[dg.RunRequest | dg.SkipReason, str | None]:
    with dg.build_sensor_context(
        instance=project.instance, cursor=cursor, definitions=project.definitions()
    ) as context:
        return refresh_marts(context), context.cursor


def test_marts_follow_new_materializations_once_and_wait_for_running_runs(ticks: Ticks) -> None:
    project = ticks.project
    assert isinstance(_refresh(project, None)[0], dg.SkipReason)
    ticks.run(ticks.tick())
    active = project.instance.create_run_for_job(
        project.definitions().resolve_job_def("register_symbols"), status=DagsterRunStatus.STARTED
    )
    answer, cursor = _refresh(project, None)
    assert isinstance(answer, dg.SkipReason)
    assert active.run_id in str(answer.skip_message)
    project.instance.report_run_canceled(active)
    answer, cursor = _refresh(project, cursor)
    assert isinstance(answer, dg.RunRequest)
    project.run("marts", {})
    assert isinstance(_refresh(project, cursor)[0], dg.SkipReason)


def test_marts_whose_run_failed_or_was_killed_are_asked_for_again_and_at_last_left_to_people(
    ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, now = ticks.project, [time.time()]
    monkeypatch.setattr(refresh_marts_module, "time", SimpleNamespace(time=lambda: now[0]))
    ticks.run(ticks.tick())
    answer, cursor = _refresh(project, None)
    keys: list[str | None] = []
    while isinstance(answer, dg.RunRequest):
        keys.append(answer.run_key)
        project.instance.report_run_failed(
            project.instance.create_run_for_job(
                project.definitions().resolve_job_def("marts"), status=DagsterRunStatus.STARTED
            )
        )
        now[0] = time.time()
        assert isinstance(_refresh(project, cursor)[0], dg.SkipReason)  # not at once
        now[0] += LONGEST_WAIT_S + 60.0
        answer, cursor = _refresh(project, cursor)
    assert len(keys) == len(set(keys)) == MAX_ATTEMPTS
    assert "qe launch marts" in str(answer.skip_message)
    project.run("marts", {})
    assert "No new materialization" in str(_refresh(project, cursor)[0])
