"""The sensor new_data: new or changed rows of a source start runs.

Put here: what a tick looks at, its cap and what it logs.
Keep out: which keys follow from which data (sources/new_data.py, sources/universe.py), and what runs answered
(automation/answered_data.py).

The raw store says what was taken in, and the runs what was tried; the cursor only names the keys whose runs have not
ended well yet, so that a quiet tick reads no run. A lost cursor costs one reading.
"""

import json
import time

import dagster as dg

from quant_pipelines.automation.answered_data import ANSWERING_JOB, FINGERPRINTS_TAG, answers, symbol_states, tag_text
from quant_pipelines.lake.partitions import SYMBOLS
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.resources import LakeResource, SourcesResource
from quant_pipelines.sources.new_data import MAX_ATTEMPTS, Plan, is_news, plan_new_data

MAX_SYMBOLS_PER_TICK = 500
"""Changed symbols taken in one tick; the others wait for the next one."""


@dg.sensor(
    job_name=ANSWERING_JOB,
    minimum_interval_seconds=30,
    description="Asks every source what it has. Registers new symbols and requests one research run per rectangle of "
    "partitions whose source has rows that are not taken in: files that appear or change in the inbox, and a MySQL "
    "table whose rows do. A run that fails or is killed is asked for again, later each time. Inputs that cannot be "
    "understood are logged with their reason and block nothing.",
)
def new_data(
    context: dg.SensorEvaluationContext, sources: SourcesResource, lake: LakeResource
) -> dg.SensorResult | dg.SkipReason:
    """One tick: compare what the sources have with what is taken in, register, request."""
    opened_lake = lake.open()
    opened = sources.open(opened_lake)
    states = symbol_states(opened, RawStore(opened_lake))
    for what, reason in {**opened.failed, **opened.refused()}.items():
        context.log.warning(sources.redact(f"{what}: {reason}"))
    # Asked for before and not known to have ended well; all of them where the cursor is lost.
    pending = set(json.loads(context.cursor)) if context.cursor else {str(state.native) for state in states}
    open_questions = {str(s.native) for s in states if is_news(s, None)} | pending
    answered = answers(context.instance, open_questions)
    registered = context.instance.get_dynamic_partitions(str(SYMBOLS.name))
    plan = plan_new_data(states, answered, registered, now_s=time.time(), max_symbols=MAX_SYMBOLS_PER_TICK)
    requested = {native for request in plan.requests for native in request.fingerprints}
    unsettled = {str(s.native) for s in states if is_news(s, answered.get(str(s.native)))}
    cursor = json.dumps(sorted(requested | unsettled))
    _log(context, plan)
    if not plan.requests:
        context.update_cursor(cursor)
        return dg.SkipReason(_nothing(plan, len(states), len(opened.all)))
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


def _log(context: dg.SensorEvaluationContext, plan: Plan) -> None:
    """What was asked for, and what is no longer."""
    for native, run_id in plan.given_up.items():
        context.log.warning(
            f"{native}: {MAX_ATTEMPTS} runs in a row failed for the same rows, the last one is {run_id}. It is not "
            "asked for again before the source changes: mend the cause and run qe backfill --failed --stale --missing."
        )
    if plan.requests:
        context.log.info(
            f"{len(plan.requests)} runs requested, {len(plan.new_symbols)} new symbols, {plan.n_waiting} symbols wait."
        )


def _nothing(plan: Plan, n_symbols: int, n_sources: int) -> str:
    """Why a tick requests nothing."""
    text = f"Nothing new in {n_symbols} symbols of {n_sources} sources"
    parts = [f"{plan.n_at_work} at work" if plan.n_at_work else ""]
    parts.append(f"{len(plan.later)} failed and wait to be run again" if plan.later else "")
    parts.append(f"{len(plan.given_up)} given up" if plan.given_up else "")
    return f"{text}{''.join(f', {part}' for part in parts if part)}."


SENSOR = new_data
