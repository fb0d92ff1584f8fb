"""The job coverage: the mart coverage alone.

Put here: its definition.
Keep out: what it runs.
"""

from quant_pipelines.automation.jobs._asset_job import asset_job

JOB = asset_job("coverage", ["mart__coverage"], "Builds the mart coverage and no other.")
