"""The daily refresh: true closes through clock changes and half days, and only what closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from quant_pipelines.automation.schedules import calendars_closed_between, daily_refresh
from tests.pipelines.small_project import SmallProject


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
