"""The schedule daily_intact: some files of the lake are compared with their checksums every day.

Put here: when the check runs.
Keep out: the check.
"""

import dagster as dg

SCHEDULE = dg.ScheduleDefinition(
    name="daily_intact",
    cron_schedule="45 4 * * *",
    execution_timezone="UTC",
    job_name="lake_is_intact",
    description="Every day at 04:45 UTC: other files than the day before, so that no damage stays unnoticed for long.",
)
