"""The job report: a report per symbol.

Put here: its definition.
Keep out: what it runs.
"""

from quant_pipelines.automation.jobs._asset_job import asset_job

JOB = asset_job("report", ["report"], "Writes one self-contained HTML report per symbol from what the lake holds.")
