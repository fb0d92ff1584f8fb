"""The schedule nightly_marts: marts are fresh in the morning.

Put here: when they are built.
Keep out: the marts.
"""

import dagster as dg

SCHEDULE = dg.ScheduleDefinition(
    name="nightly_marts",
    cron_schedule="0 4 * * *",
    execution_timezone="UTC",
    job_name="marts",
    description="Every day at 04:00 UTC: marts are built, whether something changed or not.",
)
