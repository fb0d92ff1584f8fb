"""The job marts: every mart.

Put here: its definition.
Keep out: what it runs.
"""

import dagster as dg

from quant_pipelines.assets.sql_marts import MARTS

JOB = dg.define_asset_job("marts", selection=MARTS, description="Refreshes every mart of sql/marts.")
