"""The job seasonality: seasonal profiles.

Put here: its definition.
Keep out: what it runs.
"""

from quant_pipelines.automation.jobs._asset_job import asset_job

JOB = asset_job("seasonality", ["seasonality_profiles"], "Profiles calendar bins and their stability from bars.")
