"""The jobs of the code location, by name.

Put here: finding a job.
Keep out: what jobs do (automation/) and running them (automation/runs.py).
"""

from __future__ import annotations

import dagster as dg

from quant_core.errors import UnknownNameError


def find_job(name: str) -> dg.JobDefinition:
    """A job of the code location that the environment describes.

    Raises:
        UnknownNameError: there is no such job.
    """
    from quant_pipelines.definitions import build  # noqa: PLC0415  loading takes seconds

    jobs = {job.name: job for job in build().resolve_all_job_defs() if not job.name.startswith("__")}
    if name not in jobs:
        raise UnknownNameError.among("job", name, jobs)
    return jobs[name]
