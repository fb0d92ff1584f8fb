"""Sensors: what starts runs when something has changed; one file is one sensor.

Put here: what a tick looks at, its caps and its cursor, declared as ``SENSOR``.
Keep out: which keys follow from which data (sources/new_data.py, sources/universe.py) and the runs themselves.
"""

import dagster as dg

from quant_pipelines.discovery import declarations

SENSORS = list(declarations(__name__, "SENSOR", dg.SensorDefinition).values())
