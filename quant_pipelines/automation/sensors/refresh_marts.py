"""The sensor refresh_marts: finished runs refresh the marts.

Put here: what a tick looks at and its cursor.
Keep out: the marts, and how long to wait after a failure (sources/new_data.py).

The cursor says what was asked for, and the runs what became of it: marts whose run failed or was killed are asked for
again, later each time, and at last left to people.
"""

import time
from collections.abc import Sequence
from itertools import takewhile

import dagster as dg

from quant_pipelines.assets.sql_marts import MARTS
from quant_pipelines.automation.answered_data import outcome_of
from quant_pipelines.sources.new_data import MAX_ATTEMPTS, Answer

_JOB = "marts"

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dg.sensor(
    job_name=_JOB,
    minimum_interval_seconds=30,
    description="Refreshes the marts when a table they read has a new materialization and no run is at work any more. "
    "A run in which some partitions failed counts too: the good ones belong in the marts. A run of the marts that "
    "fails or is killed is asked for again, later each time.",
)
def refresh_marts(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """One tick: compare the newest materialization of the marts' inputs with the cursor."""
    newest = max((_newest(context.instance, key) for key in _inputs(MARTS)), default=0)
    is_new = newest > int(context.cursor or 0)
    failed = None if is_new else _failed(context.instance, newest)
    if not is_new and failed is None:
        return dg.SkipReason("No new materialization of the tables that the marts read.")
    if failed and (reason := _why_not_again(failed)):
        return dg.SkipReason(reason)
    active = context.instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED), limit=1)
    if active:
        return dg.SkipReason(f"Run {active[0].run_id} is at work; the marts follow when it is done.")
    context.update_cursor(str(newest))
    return dg.RunRequest(run_key=f"marts:{newest}:{failed.run_id}" if failed else f"marts:{newest}")


def _failed(instance: dg.DagsterInstance, newest: int) -> Answer | None:
    """The newest run of the marts where it failed, with the ones in a row before it; None where none did."""
    records = instance.get_run_records(dg.RunsFilter(job_name=_JOB), limit=MAX_ATTEMPTS)
    failed = list(takewhile(lambda record: outcome_of(record.dagster_run.status) == "failed", records))
    if not failed:
        return None
    return Answer(str(newest), "failed", failed[0].end_time, failed[0].dagster_run.run_id, len(failed))


def _why_not_again(failed: Answer) -> str:
    """Why marts whose run failed are not asked for now; "" where they are."""
    if failed.n_attempts >= MAX_ATTEMPTS:
        return (
            f"{MAX_ATTEMPTS} runs of the marts in a row failed, the last one is {failed.run_id}. They are not asked "
            "for again before a table changes: mend the cause and run qe launch marts."
        )
    wait_s = failed.next_at_s - time.time()
    return f"Run {failed.run_id} of the marts failed; they are asked for again in {wait_s:.0f} s." if wait_s > 0 else ""


def _inputs(marts: Sequence[dg.AssetsDefinition]) -> list[dg.AssetKey]:
    """The tables that marts read, without the marts themselves."""
    own = {mart.key for mart in marts}
    return sorted({key for mart in marts for key in mart.asset_deps[mart.key]} - own)


def _newest(instance: dg.DagsterInstance, key: dg.AssetKey) -> int:
    """Storage id of the last materialization of an asset, 0 when there is none."""
    records = instance.fetch_materializations(key, limit=1).records
    return records[0].storage_id if records else 0


SENSOR = refresh_marts
