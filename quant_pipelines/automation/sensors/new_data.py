"""The sensor new_data: new or changed rows of a source start runs.

Put here: what a tick looks at, its cap and its cursor.
Keep out: which keys follow from which data (sources/new_data.py, sources/universe.py).
"""

import json
from collections.abc import Sequence

import dagster as dg

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


SENSOR = new_data
