"""The schedule weekly_leak_audit.

Put here: when the audit runs.
Keep out: the audit.
"""

import dagster as dg

SCHEDULE = dg.ScheduleDefinition(
    name="weekly_leak_audit",
    cron_schedule="0 6 * * 0",
    execution_timezone="UTC",
    job_name="leak_audit",
    description="Sundays at 06:00 UTC: no block may have learned to see the future on the bars of the week.",
)
