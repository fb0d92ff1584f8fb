"""The code location: everything Dagster knows, discovered.

Put here: nothing; add a file to assets/, checks/, automation/jobs, automation/schedules or automation/sensors.
Keep out: lists of assets, settings, environment variables (resources.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from quant_pipelines import assets, checks
from quant_pipelines.automation.jobs import JOBS
from quant_pipelines.automation.schedules import SCHEDULES
from quant_pipelines.automation.sensors import SENSORS
from quant_pipelines.resources import default_resources, executor


def build(resources: Mapping[str, object] | None = None) -> dg.Definitions:
    """Everything of the code location; tests pass resources that point at a temporary lake.

    Args:
        resources: replaces the default resources of the same names.
    """
    return dg.Definitions(
        assets=dg.load_assets_from_package_module(assets),
        asset_checks=dg.load_asset_checks_from_package_module(checks),
        jobs=JOBS,
        schedules=SCHEDULES,
        sensors=SENSORS,
        resources={**default_resources(), **(resources or {})},
        executor=executor(),
    )


defs = build()
