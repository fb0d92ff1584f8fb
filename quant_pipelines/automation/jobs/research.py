"""The job research: the whole flow.

Put here: its definition.
Keep out: what it runs.
"""

from quant_pipelines.automation.jobs._asset_job import asset_job
from quant_pipelines.stages.stage import discover_stages

JOB = asset_job(
    "research",
    [s.name for s in discover_stages("symbol_timeframe") if s.refresh == "on_data"],
    "The whole flow, from the sources to everything that follows data, key by key.",
)
