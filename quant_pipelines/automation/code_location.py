"""The code location: what the web server and the daemon call this project, so that runs of ``qe`` are theirs too.

Put here: names of the code location, and the origin of its jobs.
Keep out: what is in it (definitions.py) and running (runs.py).

The web UI lists runs under a job, and in the timeline, by the origin that a run carries; a run without one is in no
list but that of all runs. The daemon starts queued runs by it.
"""

from __future__ import annotations

from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

MODULE = "quant_pipelines.definitions"
LOCATION = "quant_engine"
"""As in workspace.yaml."""

_REPOSITORY = "__repository__"
"""What Dagster calls the one repository that a ``Definitions`` object makes."""

WORKSPACE = f"load_from:\n  - python_module: {{module_name: {MODULE}, location_name: {LOCATION}}}\n"
"""A workspace file for commands that start outside of a checkout."""


def job_origin(job: str) -> RemoteJobOrigin:
    """The origin of a job's runs.

    >>> job_origin("research").repository_origin.get_label()
    '__repository__@quant_engine'
    """
    location = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name=MODULE), LOCATION)
    return RemoteRepositoryOrigin(location, _REPOSITORY).get_job_origin(job)
