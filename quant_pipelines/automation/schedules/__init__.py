"""Schedules: when data is expected to have changed; one file is one schedule.

Put here: when something runs, declared as ``SCHEDULE``.
Keep out: how changes are found without a clock (sensors) and what is run (jobs).
"""

import dagster as dg

from quant_pipelines.discovery import declarations

SCHEDULES = list(declarations(__name__, "SCHEDULE", dg.ScheduleDefinition).values())
