"""The daily refresh: true closes through clock changes and half days, and only what closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._utils.error import SerializableErrorInfo

from quant_pipelines.automation.schedules.daily_refresh import (
    MAX_WINDOW,
    SETTLE,
    calendars_closed_between,
    daily_refresh,
    refresh_window,
)
from tests.pipelines.small_project import SOURCES, SmallProject


@pytest.mark.parametrize(
    ("calendar", "close"),
    [
        ("XNYS", "2024-03-08T21:00"),  # Friday before the American clock change
        ("XNYS", "2024-03-11T20:00"),  # Monday after it
        ("XNYS", "2024-11-29T18:00"),  # half day
        ("XLON", "2024-03-28T16:30"),
        ("XLON", "2024-04-02T15:30"),
        ("fx_24_5", "2024-01-05T22:00"),  # 17:00 New York in winter
        ("fx_24_5", "2024-07-05T21:00"),  # and in summer
        ("always_open", "2024-07-06T00:00"),
    ],
)
def test_a_close_is_found_in_its_own_hour_and_in_no_other(calendar: str, close: str) -> None:
    at, hour = datetime.fromisoformat(close).replace(tzinfo=UTC), timedelta(hours=1)
    hits = [calendars_closed_between([calendar], at + k * hour - hour, at + k * hour) for k in (-1, 0, 1)]
    assert hits == [[], [calendar], []]


def test_every_weekday_of_a_year_has_exactly_one_new_york_close_or_none() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=h) for h in range(24 * 31)]
    closes = [h for h in hours if calendars_closed_between(["XNYS"], h, h + timedelta(hours=1))]
    assert len(closes) == 21  # January 2024: 23 weekdays without New Year's Day and Martin Luther King Day


def _tick(project: SmallProject, at: datetime) -> list[dg.RunRequest] | dg.SkipReason:
    definitions = project.definitions()
    with dg.build_schedule_context(
        instance=project.instance,
        scheduled_execution_time=at,
        resources={"sources": definitions.resources["sources"], "lake": definitions.resources["lake"]},
    ) as context:
        return daily_refresh(context)


def _note_tick(instance: dg.DagsterInstance, at: datetime, status: TickStatus) -> None:
    """Write down a tick as the daemon does."""
    location = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name="m"), location_name="here")
    origin = RemoteRepositoryOrigin(location, "__repository__").get_instigator_origin(daily_refresh.name)
    state = InstigatorState(
        origin, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, ScheduleInstigatorData("15 * * * *", 0.0)
    )
    if not instance.all_instigator_state():
        instance.add_instigator_state(state)
    instance.create_tick(
        TickData(
            instigator_origin_id=state.instigator_origin_id,
            instigator_name=daily_refresh.name,
            instigator_type=InstigatorType.SCHEDULE,
            status=status,
            timestamp=at.timestamp(),
            selector_id=state.selector_id,
            run_ids=[],
            error=SerializableErrorInfo("no answer", [], None) if status is TickStatus.FAILURE else None,
        )
    )


def test_the_close_that_a_daemon_slept_through_is_made_up_for_once(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with dg.DagsterInstance.from_config(str(tmp_path / "home"), config_filename="none.yaml") as instance:
        project = SmallProject.at(tmp_path, instance)
        (tmp_path / "config" / "sources.yaml").write_text(
            SOURCES.replace("settle_s: 0", "settle_s: 0, feeds: [{pattern: '*.csv', calendar: XNYS}]")
        )
        project.drop("AAA")
        project.register()
        noon, sunday = datetime(2024, 1, 12, 12, 15, tzinfo=UTC), datetime(2024, 1, 14, 9, 15, tzinfo=UTC)
        _note_tick(instance, noon, TickStatus.SKIPPED)
        # Down from Friday noon, over the close at 21:00, until Sunday; Dagster then runs the last missed tick only.
        requests = _tick(project, sunday)
        assert isinstance(requests, list)
        assert [r.tags["dagster/asset_partition_range_start"] for r in requests] == ["AAA|D1"]
        _note_tick(instance, sunday, TickStatus.FAILURE)
        assert isinstance(_tick(project, sunday + timedelta(hours=1)), list)  # a tick that failed answered nothing
        _note_tick(instance, sunday + timedelta(hours=1), TickStatus.SUCCESS)
        assert isinstance(_tick(project, sunday + timedelta(hours=2)), dg.SkipReason)


def test_the_window_is_an_hour_at_first_and_a_week_at_most(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    now, hour = datetime(2024, 1, 14, 9, 15, tzinfo=UTC), timedelta(hours=1)
    with dg.DagsterInstance.from_config(str(tmp_path / "home"), config_filename="none.yaml") as instance:
        assert refresh_window(instance, now) == (now - SETTLE - hour, now - SETTLE)
        _note_tick(instance, now - timedelta(days=40), TickStatus.SUCCESS)
        assert refresh_window(instance, now) == (now - SETTLE - MAX_WINDOW, now - SETTLE)
        _note_tick(instance, now - 3 * hour, TickStatus.SUCCESS)
        assert refresh_window(instance, now) == (now - SETTLE - 3 * hour, now - SETTLE)
        _note_tick(instance, now, TickStatus.SUCCESS)  # this very tick, evaluated again
        assert refresh_window(instance, now) == (now - SETTLE - 3 * hour, now - SETTLE)


def test_a_tick_requests_the_registered_symbols_whose_market_closed(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with dg.DagsterInstance.from_config(str(tmp_path / "home"), config_filename="none.yaml") as instance:
        _check_ticks(SmallProject.at(tmp_path, instance))


def _check_ticks(project: SmallProject) -> None:
    project.drop("AAA")
    midnight = datetime(2024, 1, 10, 0, 15, tzinfo=UTC)
    assert isinstance(_tick(project, midnight), dg.SkipReason)  # not registered yet
    project.register()
    project.drop("BBB")  # on offer, not registered
    requests = _tick(project, midnight)
    assert isinstance(requests, list)
    assert [r.tags["dagster/asset_partition_range_start"] for r in requests] == ["AAA|D1"]
    assert [r.tags["dagster/asset_partition_range_end"] for r in requests] == ["AAA|W1"]
    assert isinstance(_tick(project, midnight + timedelta(hours=1)), dg.SkipReason)
