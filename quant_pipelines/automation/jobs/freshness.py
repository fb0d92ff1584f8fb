"""The job freshness: how far keys are behind.

Put here: its definition.
Keep out: what it runs.
"""

import dagster as dg

from quant_pipelines.checks.freshness_check import FRESHNESS

JOB = dg.define_asset_job(
    "freshness",
    selection=dg.AssetSelection.checks(FRESHNESS.key),
    description="Counts the sessions that closed since the last bar of every key with bars.",
)
