"""Sensors: new data starts runs, finished runs refresh the marts.

Put here: what a tick looks at, its caps and its cursor.
Keep out: which keys follow from which data (new_data.py, universe.py) and the runs themselves.
"""

import json
from collections.abc import Sequence

import dagster as dg

from quant_pipelines.assets.sql_marts import MARTS
from quant_pipelines.automation.answered_data import (
    ANSWERING_JOB,
    FINGERPRINTS_TAG,
    answered_fingerprints,
    symbol_states,
    tag_text,
)
from quant_pipelines.lake.partitions import SYMBOLS
from quant_pipelines.resources import LakeResource, SourcesResource
from quant_pipelines.sources.new_data import SymbolState, plan_new_data

MAX_SYMBOLS_PER_TICK = 500
"""Changed symbols taken in one tick; the others wait for the next one."""

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dg.sensor(
    job_name=ANSWERING_JOB,
    minimum_interval_seconds=30,
    description="Asks every source what it has. Registers new symbols and requests one research run per rectangle of "
    "partitions whose source has new or changed rows: files that appear or change in the inbox, and a MySQL "
    "watermark that moves. Inputs that cannot be understood are logged with their reason and block nothing.",
)
def new_data(
    context: dg.SensorEvaluationContext, sources: SourcesResource, lake: LakeResource
) -> dg.SensorResult | dg.SkipReason:
    """One tick: compare fingerprints with the cursor, register, request."""
    opened = sources.open(lake.open())
    states = symbol_states(opened)
    for what, reason in {**opened.failed, **opened.refused()}.items():
        context.log.warning(sources.redact(f"{what}: {reason}"))
    registered = context.instance.get_dynamic_partitions(str(SYMBOLS.name))
    plan = plan_new_data(states, _seen(context, states), registered, max_symbols=MAX_SYMBOLS_PER_TICK)
    cursor = json.dumps(plan.seen, sort_keys=True)
    if not plan.requests:
        context.update_cursor(cursor)
        return dg.SkipReason(f"Nothing new in {len(states)} symbols of {len(opened.all)} sources.")
    context.log.info(
        f"{len(plan.requests)} runs requested, {len(plan.new_symbols)} new symbols, {plan.n_waiting} symbols wait."
    )
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=request.run_key,
                tags={**request.rectangle.tags, FINGERPRINTS_TAG: tag_text(request.fingerprints)},
            )
            for request in plan.requests
        ],
        dynamic_partitions_requests=[SYMBOLS.build_add_request(list(plan.new_symbols))] if plan.new_symbols else [],
        cursor=cursor,
    )


def _seen(context: dg.SensorEvaluationContext, states: Sequence[SymbolState]) -> dict[str, str]:
    """What was asked for before, by this sensor or by hand; a lost cursor costs nothing."""
    seen: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
    if all(seen.get(str(state.native)) == state.fingerprint for state in states):
        return seen
    answered = answered_fingerprints(context.instance)
    by_hand = {
        native: state.fingerprint for state in states if answered.get(native := str(state.native)) == state.fingerprint
    }
    return {**seen, **by_hand} if context.cursor else {**answered, **by_hand}


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


SENSORS = [new_data, refresh_marts]
