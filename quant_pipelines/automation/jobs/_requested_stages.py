"""A job for every stage that is made on request: it has the stage's name.

Put here: deriving those jobs from the discovered stages.
Keep out: jobs over several stages (one file each).
"""

from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from quant_pipelines.automation.jobs._asset_job import asset_job
from quant_pipelines.stages.stage import discover_stages


def jobs_of_requested_stages() -> list[UnresolvedAssetJobDefinition]:
    """One job per stage with ``refresh="on_request"``."""
    return [asset_job(s.name, [s.name], s.description) for s in discover_stages() if s.refresh == "on_request"]
