"""The job lake_is_intact: a sample of the lake's files against their checksums.

Put here: its definition.
Keep out: what it runs.
"""

import dagster as dg

from quant_pipelines.checks.intact_check import INTACT

JOB = dg.define_asset_job(
    "lake_is_intact",
    selection=dg.AssetSelection.checks(INTACT.key),
    description="Compares a sample of the lake's files with their checksums; `qe doctor` looks at all of them.",
)
