"""Attempts: what the runs of the instance say about keys that failed, and which word about each is the last.

Put here: failures of keys and stages, and what makes a failure good again.
Keep out: whether a key needs a run (key_state.py) and which runs may be deleted (automation/retention.py).

A failure is made good by a later materialization of the same partition, or by a later run that worked on the key in
the same stage and does not name it: a run that found everything up to date writes no event. "Later" is told by the
time of the events and, at equal times, by the order in which the runs were created.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple, cast

import dagster as dg
from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus

from quant_pipelines.lake.partitions import PartitionKey, keys_of_tags
from quant_pipelines.stages.last_events import last_materializations

FAILED_KEYS, FAILED_STAGES, SKIPPED_STAGES = "failed_keys", "failed_stages", "skipped_stages"
"""Metadata of a run's failure: key → ``stage: reason`` of what failed; key → stage → reason; key → stages below it."""

_FINISHED = [DagsterRunStatus.FAILURE, DagsterRunStatus.SUCCESS]


class Place(NamedTuple):
    """One key in one stage."""

    key: PartitionKey
    stage: str


class _Moment(NamedTuple):
    """When something was said: time in seconds since 1970, and the order in which its run was created."""

    timestamp: float
    run_order: float


@dataclass(frozen=True)
class Failure:
    """A failure of one key in one stage.

    Attributes:
        stage: the asset.
        reason: what the run said.
        when: time of the failure, UTC.
        run_id: the run that failed.
        is_named: False for a run that died without a word, which counts with all its keys.
    """

    stage: str
    reason: str
    when: datetime
    run_id: str
    is_named: bool = True


@dataclass(frozen=True)
class LastWord:
    """What was said last about one key in one stage that has failed at some time.

    Attributes:
        failure: the newest failure.
        is_good: True when something later made it good.
        run_id: the run that said the last word.
    """

    failure: Failure
    is_good: bool
    run_id: str


def pending_failures(
    instance: DagsterInstance, stages: Sequence[str], symbol_order: Sequence[str]
) -> dict[PartitionKey, tuple[Failure, ...]]:
    """The failures that nothing has made good, by key, in the order of the stages.

    Args:
        instance: where runs and events are.
        stages: names of the assets to look at, upstream first.
        symbol_order: every registered symbol, in insertion order.
    """
    found: dict[PartitionKey, list[Failure]] = {}
    for place, word in last_words(instance, stages, symbol_order).items():
        if not word.is_good:
            found.setdefault(place.key, []).append(word.failure)
    return {key: tuple(sorted(fs, key=lambda f: stages.index(f.stage))) for key, fs in found.items()}


def last_words(instance: DagsterInstance, stages: Iterable[str], symbol_order: Sequence[str]) -> dict[Place, LastWord]:
    """The last word about every key and stage that a run of the instance calls failed."""
    runs = _runs(instance, set(stages), symbol_order)
    failed: dict[Place, tuple[_Moment, Failure]] = {}
    for run in runs:
        for place, (moment, failure) in run.failures.items():
            if place not in failed or failed[place][0] < moment:
                failed[place] = (moment, failure)
    if not failed:
        return {}
    words = _made_good_by_events(instance, failed, {run.run_id: run.order for run in runs})
    for run in sorted(runs, key=lambda r: r.end, reverse=True):
        open_places = [place for place, (moment, _) in failed.items() if place not in words and moment < run.end]
        for place in run.silent_about(open_places):
            words[place] = LastWord(failed[place][1], is_good=True, run_id=run.run_id)
    return {
        place: words.get(place) or LastWord(failure, is_good=False, run_id=failure.run_id)
        for place, (_, failure) in failed.items()
    }


def _made_good_by_events(
    instance: DagsterInstance, failed: Mapping[Place, tuple[_Moment, Failure]], order: Mapping[str, int]
) -> dict[Place, LastWord]:
    """The failures after which the key was materialized in the same stage."""
    words: dict[Place, LastWord] = {}
    for stage in sorted({place.stage for place in failed}):
        texts = {str(place.key): place for place in failed if place.stage == stage}
        for text, event in last_materializations(instance, dg.AssetKey(stage), texts).items():
            moment, failure = failed[texts[text]]
            # A run that names a key failed after what it made of it; one that died may have made it before.
            is_later = _Moment(event.timestamp, order.get(event.run_id, float("inf"))) > moment
            if (event.run_id != failure.run_id and is_later) or (
                event.run_id == failure.run_id and not failure.is_named
            ):
                words[texts[text]] = LastWord(failure, is_good=True, run_id=event.run_id)
    return words


def _runs(instance: DagsterInstance, wanted: set[str], symbol_order: Sequence[str]) -> list[_Run]:
    """The finished runs that worked on one of the stages."""
    assets_of_plan: dict[str, frozenset[str]] = {}
    runs: list[_Run] = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_FINISHED)):
        plan = record.dagster_run.execution_plan_snapshot_id
        if plan is not None and plan not in assets_of_plan:
            assets_of_plan[plan] = _assets_of_plan(instance, plan)
        # A run that ended before it was planned says which keys it was for, not which stages.
        stages = wanted & assets_of_plan[plan] if plan is not None else wanted
        if stages:
            runs.append(_Run(instance, record, stages, symbol_order))
    return runs


def _assets_of_plan(instance: DagsterInstance, plan: str) -> frozenset[str]:
    """The assets that an execution plan makes."""
    outputs = (o for step in instance.get_execution_plan_snapshot(plan).steps for o in step.outputs)
    properties = (o.properties for o in outputs if o.properties is not None)
    return frozenset(p.asset_key.to_user_string() for p in properties if p.asset_key is not None)


def _reasons(metadata: Mapping[str, dg.MetadataValue[Any]]) -> dict[str, Mapping[str, str]]:
    """Key → stage → reason, as the failure of a step has it."""
    if FAILED_STAGES in metadata:
        return cast("dict[str, Mapping[str, str]]", metadata[FAILED_STAGES].value)
    # Runs of earlier versions name one stage per key.
    texts = cast("Mapping[str, str]", metadata[FAILED_KEYS].value)
    return {key: {stage: reason} for key, (stage, _, reason) in ((k, t.partition(": ")) for k, t in texts.items())}


class _Run:
    """One finished run; its events and keys are read when asked for."""

    def __init__(
        self, instance: DagsterInstance, record: dg.RunRecord, stages: set[str], symbol_order: Sequence[str]
    ) -> None:
        self._instance, self._run = instance, record.dagster_run
        self._stages, self._symbol_order = stages, symbol_order
        self.run_id, self.order = record.dagster_run.run_id, record.storage_id
        self.end = _Moment(record.end_time or 0.0, record.storage_id)

    @cached_property
    def failures(self) -> dict[Place, tuple[_Moment, Failure]]:
        """What the run says failed; nothing for a run that succeeded."""
        if self._run.status is not DagsterRunStatus.FAILURE:
            return {}
        return self._named() if self._declared else self._all_keys()

    def silent_about(self, places: Sequence[Place]) -> list[Place]:
        """Those of the places that the run worked on to the end without complaint about their key."""
        if not places or any(not failure.is_named for _, failure in self.failures.values()):
            return []
        return [p for p in places if p.stage in self._stages and p.key in self._keys and p not in self._unmade]

    @cached_property
    def _keys(self) -> frozenset[PartitionKey]:
        """The keys that the run was for.

        As it was planned: the range in its tags would be read in today's order of the symbols, and a symbol that was
        taken off the list and put back stands elsewhere now. A backfill of the web UI plans one key of its range.
        """
        planned: set[str] = set()
        for event in self._events(DagsterEventType.ASSET_MATERIALIZATION_PLANNED):
            data = event.dagster_event.asset_materialization_planned_data if event.dagster_event is not None else None
            if data is not None and data.partitions_subset is not None:
                planned |= set(data.partitions_subset.get_partition_keys())
            elif data is not None and data.partition is not None:
                planned.add(data.partition)
        if len(planned) <= 1:
            planned |= set(map(str, keys_of_tags(self._run.tags, self._symbol_order)))
        return frozenset(PartitionKey.parse(text) for text in planned if PartitionKey.is_key(text))

    @cached_property
    def _unmade(self) -> frozenset[Place]:
        """Where the run failed, and where it did not come to because of that."""
        skipped = {
            Place(PartitionKey.parse(text), stage)
            for _, metadata in self._declared
            for text, stages in self._skipped(metadata).items()
            for stage in stages
            if PartitionKey.is_key(text)
        }
        return frozenset({*self.failures, *skipped})

    def _skipped(self, metadata: Mapping[str, dg.MetadataValue[Any]]) -> Mapping[str, Iterable[str]]:
        """Key → stages that the run did not come to."""
        if SKIPPED_STAGES in metadata:
            return cast("Mapping[str, Sequence[str]]", metadata[SKIPPED_STAGES].value)
        # Runs of earlier versions left a key where it failed, and do not say which stages had been before.
        return dict.fromkeys(_reasons(metadata), self._stages)

    @cached_property
    def _declared(self) -> list[tuple[float, Mapping[str, dg.MetadataValue[Any]]]]:
        """Time and metadata of the failures of steps that have a word about keys, be it that none failed."""
        found: list[tuple[float, Mapping[str, dg.MetadataValue[Any]]]] = []
        if self._run.status is DagsterRunStatus.SUCCESS:
            return found
        for event in self._events(DagsterEventType.STEP_FAILURE):
            data = event.dagster_event.step_failure_data if event.dagster_event is not None else None
            declared = data.user_failure_data if data is not None else None
            if declared is not None and FAILED_KEYS in declared.metadata:
                found.append((event.timestamp, declared.metadata))
        return found

    def _named(self) -> dict[Place, tuple[_Moment, Failure]]:
        """The keys that the failures of steps name; what is no key of ours cannot be brought up to date."""
        found: dict[Place, tuple[_Moment, Failure]] = {}
        for timestamp, metadata in self._declared:
            for text, reasons in _reasons(metadata).items():
                if PartitionKey.is_key(text):
                    for stage, reason in reasons.items():
                        self._add(found, [Place(PartitionKey.parse(text), stage)], reason, timestamp)
        return found

    def _all_keys(self) -> dict[Place, tuple[_Moment, Failure]]:
        """Every key of a run that died without naming any."""
        found: dict[Place, tuple[_Moment, Failure]] = {}
        for event in self._events(DagsterEventType.RUN_FAILURE)[:1]:
            places = [Place(key, stage) for key in self._keys for stage in sorted(self._stages)]
            self._add(found, places, event.message.strip(), event.timestamp, is_named=False)
        return found

    def _add(
        self,
        found: dict[Place, tuple[_Moment, Failure]],
        places: Iterable[Place],
        reason: str,
        timestamp: float,
        *,
        is_named: bool = True,
    ) -> None:
        moment, when = _Moment(timestamp, self.order), datetime.fromtimestamp(timestamp, UTC)
        for place in places:
            if place.stage in self._stages:
                found[place] = (moment, Failure(place.stage, reason, when, self.run_id, is_named))

    def _events(self, kind: DagsterEventType) -> list[dg.EventLogEntry]:
        return [r.event_log_entry for r in self._instance.get_records_for_run(self.run_id, None, kind).records]
