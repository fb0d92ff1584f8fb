"""The code location: everything Dagster knows, discovered.

Put here: nothing; add a file to assets/, or an entry to jobs, schedules or sensors.
Keep out: lists of assets, settings, environment variables (resources.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from quant_pipelines import assets
from quant_pipelines.automation import jobs, schedules, sensors
from quant_pipelines.checks.freshness_check import freshness
from quant_pipelines.checks.leak_audit_check import leak_audit
from quant_pipelines.resources import default_resources, executor


def build(resources: Mapping[str, object] | None = None) -> dg.Definitions:
    """Everything of the code location; tests pass resources that point at a temporary lake.

    Args:
        resources: replaces the default resources of the same names.
    """
    return dg.Definitions(
        assets=dg.load_assets_from_package_module(assets),
        asset_checks=[freshness, leak_audit],
        jobs=jobs.JOBS,
        schedules=schedules.SCHEDULES,
        sensors=sensors.SENSORS,
        resources={**default_resources(), **(resources or {})},
        executor=executor(),
    )


defs = build()
