"""Jobs: the runs people start by name; one file is one job.

Put here: job definitions over the discovered assets, declared as ``JOB``.
Keep out: assets, and who starts jobs when (schedules, sensors).
"""

from dagster import JobDefinition
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from quant_pipelines.automation.jobs._requested_stages import jobs_of_requested_stages
from quant_pipelines.discovery import declarations

JOBS = [
    *declarations(__name__, "JOB", (JobDefinition, UnresolvedAssetJobDefinition)).values(),
    *jobs_of_requested_stages(),
]
