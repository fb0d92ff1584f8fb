"""The state of a key: up to date, missing, stale, failed or not applicable, and why; one answer for everybody who asks.

Put here: the states, and the one function that tells them from the lake, the sources and the runs.
Keep out: how runs are read (attempts.py), what a file must say (key_run.py), and what is done about a state (cli/,
automation/).

A key is in one state only, the first that applies to one of its stages, in this order:

- failed: the last run that worked on it failed there, and the file is still not what it should be. A file that is
  what it should be counts, whatever a run said before: a run would leave it alone.
- missing: a file is not there or damaged, or rows of the source were never taken in.
- stale: a file was made from other inputs, code, section of the research file or schema, or the source has rows that
  were not taken in.
- up to date: a run would write nothing.

A stage that cannot be made for a key (a timeframe finer than every native one, a symbol outside the research file) is
not applicable there, and the key is so when all are. What no source offers any more is brought up to date from the
stored rows like any other key; a registered symbol with neither is not applicable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal, TypeAlias

from dagster import DagsterInstance

from quant_core.errors import LakeError, NotApplicableError, QuantError
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.facts import Facts
from quant_pipelines.lake.partitions import SYMBOLS, TIMEFRAMES, PartitionKey
from quant_pipelines.sources.catalog import native_timeframe
from quant_pipelines.stages.attempts import Failure, pending_failures
from quant_pipelines.stages.key_run import expected_facts
from quant_pipelines.stages.key_tables import KeyTables
from quant_pipelines.stages.reader import StageInputs
from quant_pipelines.stages.stage import Stage

Status: TypeAlias = Literal["failed", "missing", "stale", "up_to_date", "not_applicable"]
STATUSES: tuple[Status, ...] = ("failed", "missing", "stale", "up_to_date", "not_applicable")
"""From the one that decides first."""

_WORDS = {
    "data_version": "its inputs have changed",
    "code_version": "the code that makes it has changed",
    "spec_id": "its section of the research file has changed",
    "seed": "the seed has changed",
    "calendar": "the calendar has changed",
}


@dataclass(frozen=True)
class StageState:
    """The state of one stage of a key.

    Attributes:
        stage: its name.
        status: the state.
        reason: why; "" where it is known to be up to date. Where a source does not say what it has, the stored rows
            are taken for all of it, unless a run has failed there.
        when: time of the failure, UTC, of a failed one.
    """

    stage: str
    status: Status
    reason: str = ""
    when: datetime | None = None


@dataclass(frozen=True)
class KeyState:
    """The state of one key.

    Attributes:
        key: the partition.
        stages: the states of its stages, upstream first.
    """

    key: PartitionKey
    stages: tuple[StageState, ...]

    @property
    def deciding(self) -> StageState:
        """The stage that decides: the first one in the state that comes first."""
        return min(self.stages, key=lambda s: STATUSES.index(s.status))

    @property
    def status(self) -> Status:
        """The state of the key."""
        return self.deciding.status

    def __str__(self) -> str:
        """The state with its reason, on one line.

        >>> states = (StageState("bars", "up_to_date"), StageState("features", "stale", "the seed has changed"))
        >>> str(KeyState(PartitionKey("A", "D1"), states))
        'A|D1: stale, features: the seed has changed'
        """
        found = self.deciding
        when = f" at {found.when:%Y-%m-%d %H:%M} UTC" if found.when else ""
        why = f", {found.stage}: {found.reason}" if found.reason else ""
        return f"{self.key}: {found.status.replace('_', ' ')}{when}{why}"


def key_states(
    inputs: StageInputs, instance: DagsterInstance, stages: Sequence[Stage], symbols: Iterable[str] | None = None
) -> list[KeyState]:
    """The state of every key of registered symbols, symbol by symbol in the order of registration.

    Args:
        inputs: the lake, the sources and the research file.
        instance: knows the symbols, and the runs that failed.
        stages: by symbol and timeframe, upstream first; of one job.
        symbols: the ones to look at; None for all.
    """
    order = list(instance.get_dynamic_partitions(str(SYMBOLS.name)))
    wanted = order if symbols is None else [s for s in order if s in set(symbols)]
    failures = pending_failures(instance, [stage.name for stage in stages], order)
    natives = _native_timeframes(inputs)
    keys = [PartitionKey(symbol, timeframe) for symbol in wanted for timeframe in TIMEFRAMES]
    return [_state(inputs, stages, key, natives.get(key.symbol, set()), failures.get(key, ())) for key in keys]


def _native_timeframes(inputs: StageInputs) -> Mapping[str, set[Timeframe]]:
    """Symbol → the timeframes that a source offers or the raw store holds."""
    found: dict[str, set[Timeframe]] = {}
    for native in [*inputs.sources.offers, *inputs.raw_store.keys()]:
        found.setdefault(native.symbol, set()).add(Timeframe(native.timeframe))
    return found


def _state(
    inputs: StageInputs,
    stages: Sequence[Stage],
    key: PartitionKey,
    natives: set[Timeframe],
    failures: Sequence[Failure],
) -> KeyState:
    """The state of one key."""
    if not natives:
        silent = f" Not reached: {', '.join(inputs.sources.failed)}." if inputs.sources.failed else ""
        reason = f"no source offers {key.symbol}, and no rows of it are stored.{silent}"
        return KeyState(key, tuple(StageState(stage.name, "not_applicable", reason) for stage in stages))
    try:
        native = PartitionKey(key.symbol, native_timeframe(key, natives, "sources.yaml and the lake").value)
    except NotApplicableError as error:
        return KeyState(key, tuple(StageState(stage.name, "not_applicable", str(error)) for stage in stages))
    tables, failed = inputs.tables(key), {failure.stage: failure for failure in failures}
    states: list[StageState] = []
    for stage in stages:
        found = _taken_in(inputs, stage, native) if stage.takes_in else _made(inputs, stage, tables)
        states.append(_with_failure(stage, found, failed.get(stage.name)))
    return KeyState(key, tuple(states))


def _with_failure(stage: Stage, found: StageState, failure: Failure | None) -> StageState:
    """A stage's state in view of its last failure."""
    if failure is None or found.status == "not_applicable" or (found.status == "up_to_date" and not found.reason):
        return found
    return StageState(stage.name, "failed", failure.reason, failure.when)


def _taken_in(inputs: StageInputs, stage: Stage, native: PartitionKey) -> StageState:
    """The state of a stage that stores what a source delivers: the source is asked what it has."""
    offer = inputs.sources.offers.get(native)
    try:
        manifest = inputs.raw_store.manifest(native)
    except LakeError as error:  # a damaged manifest costs its own keys; the text says what is wrong with it
        return StageState(stage.name, "missing", str(error))
    if manifest is None:
        return StageState(stage.name, "missing", f"no rows of {native} were taken in yet")
    if offer is None:
        silent = manifest.latest.source if manifest.recent else ""
        return StageState(stage.name, "up_to_date", inputs.sources.failed.get(silent, ""))
    try:
        now = inputs.sources.fingerprint(native)
    except QuantError as error:  # the commands print the sources that were not reached
        inputs.sources.failed[f"{offer.source.name}: {native}"] = str(error)
        return StageState(stage.name, "up_to_date", str(error))
    was = inputs.raw_store.taken_in_of(manifest).get(offer.source.name)
    if was == now:
        return StageState(stage.name, "up_to_date")
    reason = f"the source {offer.source.name} has rows of {native} that were not taken in"
    if was is None and (ahead := manifest.ahead.get(offer.source.name)) is not None:
        reason += f": bars from {ahead.first:%Y-%m-%d %H:%M} UTC on lay ahead of the clock when they were fetched"
    return StageState(stage.name, "stale", f"{reason} (fingerprint {_short(was)}, now {_short(now)})")


def _made(inputs: StageInputs, stage: Stage, tables: KeyTables) -> StageState:
    """The state of a stage that publishes a table."""
    stored = tables.facts(stage.name)
    try:
        expected = expected_facts(stage, tables, inputs.research)
    except NotApplicableError as error:
        return StageState(stage.name, "not_applicable", str(error))
    except QuantError as error:  # an input is not there, so the stage that makes it is missing or failed
        return StageState(stage.name, "missing" if stored is None else "stale", f"an input is not there: {error}")
    if stored is None:
        return StageState(stage.name, "missing", str(tables.damage(stage.name) or "it is not in the lake"))
    if (absent := _absent(stage, tables)) is not None:
        return StageState(stage.name, "missing", absent)
    if tables.is_current(stage.name, expected, stage.beside):
        return StageState(stage.name, "up_to_date")
    return StageState(stage.name, "stale", _difference(stored, expected))


def _absent(stage: Stage, tables: KeyTables) -> str | None:
    """What is missing or damaged of the tables beside a stage's own; None where all are there."""
    missing = [name for name in stage.beside if tables.facts(name) is None]
    if not missing:
        return None
    damage = next((found for name in missing if (found := tables.damage(name)) is not None), None)
    return str(damage) if damage is not None else f"{', '.join(missing)} beside it is not in the lake"


def _difference(stored: Facts, expected: Facts) -> str:
    """The first fact in which a file differs from what would be written now."""
    for field in fields(Facts):
        was, now = getattr(stored, field.name), getattr(expected, field.name)
        if field.name in _WORDS and was != now:
            return f"{_WORDS[field.name]} ({field.name} {_short(was)}, now {_short(now)})"
    return "a table has another schema than its declaration (schema_version)"


def _short(value: object) -> str:
    """A hash short enough to compare by eye; "none" where there is nothing."""
    text = "" if value is None else str(value)
    return text[:8] or "none"
