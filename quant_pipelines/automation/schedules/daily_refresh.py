"""The schedule daily_refresh: symbols are brought up to date after their market's close.

Put here: which closes a tick answers for.
Keep out: how changes are found without a clock (sensors) and what is run (jobs).

Why one hourly schedule that asks the calendars, not one per calendar: closes move with daylight saving and on
half days, which a cron line cannot follow; and which calendars are in use is known to the sources, which must not
be asked while the code location loads. An hourly tick in UTC asks each calendar for its true closes instead.

Why since the last good tick, not since an hour ago: of the ticks missed while the daemon was down Dagster runs only
the last one.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorType, TickStatus

from quant_core.calendars import calendar_of
from quant_pipelines.lake.partitions import SYMBOLS, PartitionKey, plan_rectangles
from quant_pipelines.resources import LakeResource, SourcesResource
from quant_pipelines.sources.universe import dependents

SETTLE = timedelta(minutes=15)
"""Time that vendors get to publish the last bar of a session."""

MAX_WINDOW = timedelta(days=7)
"""Time of an outage that is made up for: every calendar closes within a week."""

_TICK = timedelta(hours=1)
_GOOD = [TickStatus.SUCCESS, TickStatus.SKIPPED]


def calendars_closed_between(calendars: Iterable[str], start: datetime, end: datetime) -> list[str]:
    """Calendars with a session close in (start, end], UTC, in alphabetical order.

    Example, by hand: New York closes at 21:00 UTC in winter, at 20:00 in summer, at 18:00 on the day after
    Thanksgiving; Saturday has no close.

    >>> def at(day, hour):
    ...     return datetime.fromisoformat(f"{day}T{hour:02}:00+00:00")
    >>> days = (("2024-01-10", 20), ("2024-07-10", 19), ("2024-11-29", 17), ("2024-11-29", 20), ("2024-01-13", 20))
    >>> [calendars_closed_between(["XNYS"], at(d, h), at(d, h + 1)) for d, h in days]
    [['XNYS'], ['XNYS'], ['XNYS'], [], []]
    """
    closed: list[str] = []
    for name in sorted(set(calendars)):
        # A session may open up to a week before it closes and be dated by either.
        sessions = calendar_of(name).sessions((start - timedelta(days=4)).date(), (end + timedelta(days=4)).date())
        if any(start < close <= end for close in sessions["close"]):
            closed.append(name)
    return closed


def refresh_window(instance: dg.DagsterInstance, scheduled: datetime) -> tuple[datetime, datetime]:
    """The time whose closes a tick answers for: (end of the last good tick's window, scheduled - SETTLE], UTC.

    Args:
        instance: knows the ticks of the schedule.
        scheduled: when this tick was due.

    Returns:
        An hour where no tick was ever good; at most ``MAX_WINDOW``.
    """
    end = scheduled.astimezone(UTC) - SETTLE
    good = [
        tick.timestamp
        for state in instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
        if state.instigator_name == daily_refresh.name
        for tick in instance.get_ticks(
            state.instigator_origin_id, state.selector_id, before=scheduled.timestamp(), limit=1, statuses=_GOOD
        )
    ]
    start = datetime.fromtimestamp(max(good), UTC) - SETTLE if good else end - _TICK
    return max(start, end - MAX_WINDOW), end


@dg.schedule(
    cron_schedule="15 * * * *",
    execution_timezone="UTC",
    job_name="research",
    description="Every hour, a quarter past: brings the symbols up to date whose market has closed since the last "
    "good tick, at most seven days ago. Closes come from the exchange calendars, so daylight saving and half days are "
    "right.",
)
def daily_refresh(
    context: dg.ScheduleEvaluationContext, sources: SourcesResource, lake: LakeResource
) -> list[dg.RunRequest] | dg.SkipReason:
    """One tick: the keys of the calendars that closed since the last good tick, as rectangles."""
    start, end = refresh_window(context.instance, context.scheduled_execution_time)
    opened = sources.open(lake.open())
    for what, reason in opened.failed.items():
        context.log.warning(sources.redact(f"{what}: {reason}"))
    calendar_by_native = {native: offer.instrument.calendar for native, offer in opened.offers.items()}
    closed = calendars_closed_between(calendar_by_native.values(), start, end)
    order = context.instance.get_dynamic_partitions(str(SYMBOLS.name))
    keys: list[PartitionKey] = [
        key
        for native, made in dependents(calendar_by_native).items()
        if calendar_by_native[native] in closed and native.symbol in set(order)
        for key in made
    ]
    if not keys:
        return dg.SkipReason(
            f"No market of a registered symbol closed from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC."
        )
    return [
        dg.RunRequest(run_key=f"{end:%Y-%m-%dT%H:%M}:{r.keys[0]}:{r.keys[-1]}", tags=dict(r.tags))
        for r in plan_rectangles(keys, order)
    ]


SCHEDULE = daily_refresh
