"""The schedule daily_freshness: keys whose last bar is old are named once a day.

Put here: when the check runs.
Keep out: the check.
"""

import dagster as dg

SCHEDULE = dg.ScheduleDefinition(
    name="daily_freshness",
    cron_schedule="30 5 * * *",
    execution_timezone="UTC",
    job_name="freshness",
    description="Every day at 05:30 UTC: no key may fall behind its market unnoticed.",
)
