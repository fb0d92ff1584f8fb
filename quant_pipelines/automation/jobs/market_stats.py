"""The job market_stats: features and statistics.

Put here: its definition.
Keep out: what it runs.
"""

from quant_pipelines.automation.jobs._asset_job import asset_job

JOB = asset_job("market_stats", ["features", "market_stats"], "Computes features and statistics from bars.")
