"""The sensor refresh_marts: finished runs refresh the marts.

Put here: what a tick looks at and its cursor.
Keep out: the marts.
"""

from collections.abc import Sequence

import dagster as dg

from quant_pipelines.assets.sql_marts import MARTS

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dg.sensor(
    job_name="marts",
    minimum_interval_seconds=30,
    description="Refreshes the marts when a table they read has a new materialization and no run is at work any more. "
    "A run in which some partitions failed counts too: the good ones belong in the marts.",
)
def refresh_marts(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """One tick: compare the newest materialization of the marts' inputs with the cursor."""
    newest = max((_newest(context.instance, key) for key in _inputs(MARTS)), default=0)
    if newest <= int(context.cursor or 0):
        return dg.SkipReason("No new materialization of the tables that the marts read.")
    active = context.instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED), limit=1)
    if active:
        return dg.SkipReason(f"Run {active[0].run_id} is at work; the marts follow when it is done.")
    context.update_cursor(str(newest))
    return dg.RunRequest(run_key=f"marts:{newest}")


def _inputs(marts: Sequence[dg.AssetsDefinition]) -> list[dg.AssetKey]:
    """The tables that marts read, without the marts themselves."""
    own = {mart.key for mart in marts}
    return sorted({key for mart in marts for key in mart.asset_deps[mart.key]} - own)


def _newest(instance: dg.DagsterInstance, key: dg.AssetKey) -> int:
    """Storage id of the last materialization of an asset, 0 when there is none."""
    records = instance.fetch_materializations(key, limit=1).records
    return records[0].storage_id if records else 0


SENSOR = refresh_marts
