"""The job leak_audit: blocks computed again on cut bars.

Put here: its definition.
Keep out: what it runs.
"""

import dagster as dg

from quant_pipelines.checks.leak_audit_check import CHECK_KEY

JOB = dg.define_asset_job(
    "leak_audit",
    selection=dg.AssetSelection.checks(CHECK_KEY),
    description="Computes every block again on published bars cut at random times; fails and names what looks ahead.",
)
