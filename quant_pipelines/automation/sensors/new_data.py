"""The sensor new_data: new or changed rows of a source start runs.

Put here: what a tick looks at, its cap and what it logs.
Keep out: which keys follow from which data (sources/new_data.py, sources/universe.py), and what runs answered
(automation/answered_data.py).

The raw store says what was taken in, and the runs what was tried; the cursor only remembers what was found settled, so
that a quiet tick reads no run, and where a slow source was left. A lost cursor costs one reading of the runs.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import dagster as dg

from quant_pipelines.automation.answered_data import ANSWERING_JOB, FINGERPRINTS_TAG, answers, tag_text
from quant_pipelines.automation.source_looks import Looks, symbol_states
from quant_pipelines.lake.partitions import SYMBOLS
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.resources import LakeResource, SourcesResource
from quant_pipelines.sources.new_data import MAX_ATTEMPTS, Answer, Plan, SymbolState, is_news, plan_new_data

MAX_SYMBOLS_PER_TICK = 500
"""Changed symbols taken in one tick; the others wait for the next one."""

LETTERS = 12
"""Of a fingerprint, that the cursor remembers."""

SOURCE_BUDGET_S = 15.0
"""Seconds that each source has in a tick, and once more for files not seen before: Dagster stops a tick after 60."""


@dataclass(frozen=True)
class Cursor:
    """What one tick tells the next.

    Attributes:
        settled: key → the begin of the fingerprint whose rows are taken in and were answered by a run that ended well.
        next_to_ask: source → the instrument to begin with, where there was no time for all.
    """

    settled: Mapping[str, str] = field(default_factory=dict[str, str])
    next_to_ask: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        """The cursor of a text; one that is lost, or of another release, says nothing.

        >>> Cursor.read(Cursor({"A|D1": "f"}).text()).settled, Cursor.read('["A|D1"]').settled
        ({'A|D1': 'f'}, {})
        """
        try:
            stored = json.loads(text or "")
            return cls(dict(stored["settled"]), dict(stored["next_to_ask"]))
        except (ValueError, KeyError, TypeError):
            return cls()

    def text(self) -> str:
        """The cursor as text."""
        return json.dumps({"settled": dict(self.settled), "next_to_ask": dict(self.next_to_ask)}, sort_keys=True)

    def is_settled(self, state: SymbolState) -> bool:
        """Whether nothing is to be done about a state, and nobody to be asked."""
        known = self.settled.get(str(state.native))
        return known == state.fingerprint[:LETTERS] and state.taken_in == state.fingerprint

    def after(self, looks: Looks, answered: Mapping[str, Answer], offered: set[str]) -> "Cursor":
        """The cursor after a tick; what was not asked stays as it was, what is offered no more is forgotten."""
        settled = {native: known for native, known in self.settled.items() if native in offered}
        for state in looks.states:
            native = str(state.native)
            if self.is_settled(state) or not is_news(state, answered.get(native)):
                settled[native] = state.fingerprint[:LETTERS]
            else:
                settled.pop(native, None)
        return Cursor(settled, looks.next_to_ask)


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
    opened_lake, cursor = lake.open(), Cursor.read(context.cursor)
    opened = sources.open(opened_lake, read_budget_s=SOURCE_BUDGET_S)
    store = RawStore(opened_lake, sources.clock())
    looks = symbol_states(opened, store, budget_s=SOURCE_BUDGET_S, begin_at=cursor.next_to_ask)
    for what, reason in {**opened.failed, **opened.refused()}.items():
        context.log.warning(sources.redact(f"{what}: {reason}"))
    states = [state for state in looks.states if not cursor.is_settled(state)]
    answered = answers(context.instance, {str(state.native) for state in states})
    registered = context.instance.get_dynamic_partitions(str(SYMBOLS.name))
    plan = plan_new_data(states, answered, registered, now_s=time.time(), max_symbols=MAX_SYMBOLS_PER_TICK)
    cursor = cursor.after(looks, answered, {str(native) for native in opened.offers})
    _log(context, plan, looks, opened.n_waiting())
    if not plan.requests:
        context.update_cursor(cursor.text())
        return dg.SkipReason(_nothing(plan, len(looks.states), len(opened.all)))
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=request.run_key,
                tags={**request.rectangle.tags, FINGERPRINTS_TAG: tag_text(request.fingerprints)},
            )
            for request in plan.requests
        ],
        dynamic_partitions_requests=[SYMBOLS.build_add_request(list(plan.new_symbols))] if plan.new_symbols else [],
        cursor=cursor.text(),
    )


def _log(context: dg.SensorEvaluationContext, plan: Plan, looks: Looks, n_files: int) -> None:
    """What was asked for, what is no longer, and what there was no time for."""
    if looks.n_not_asked:
        slow = ", ".join(looks.next_to_ask)
        context.log.warning(
            f"{looks.n_not_asked} symbols of {slow} were not asked for within {SOURCE_BUDGET_S:.0f} s; the next tick "
            "begins with them. Where this is so all the time, name fewer symbols, or mend the source."
        )
    if n_files:
        context.log.info(f"{n_files} new files were not read within {SOURCE_BUDGET_S:.0f} s; the next tick goes on.")
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
