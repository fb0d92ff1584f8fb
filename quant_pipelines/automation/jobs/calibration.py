"""The job calibration: the lab.

Put here: its definition.
Keep out: what it runs.
"""

from quant_pipelines.automation.jobs._asset_job import asset_job

JOB = asset_job(
    "calibration", ["calibration"], "Simulates worlds of known truth and reports how often the statistics err."
)
