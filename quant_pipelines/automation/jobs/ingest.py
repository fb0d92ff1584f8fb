"""The job ingest: raw rows and cleaned bars.

Put here: its definition.
Keep out: what it runs.
"""

from quant_pipelines.automation.jobs._asset_job import asset_job

JOB = asset_job("ingest", ["raw_bars", "bars"], "Brings raw rows and cleaned bars up to date with the sources.")
