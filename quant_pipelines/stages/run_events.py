"""The events of a run: which partitions Dagster is told about, in which words, and in which batches.

Put here: the only writer of materializations and evaluations of checks that a run has.
Keep out: how a batch is stored (event_log.py) and what a partition's metadata says (metadata.py).

Why not by results and ``add_asset_metadata``: Dagster then writes one event per partition of the run, changed or not,
one transaction each, and the metadata of a key takes time in proportion to the keys of the run.

Why event pointers: what the web UI calls *unsynced* of a partition compares versions of partitioned inputs before and
after ``dagster/input_event_pointer/<input>``; the tag with the input's version alone is read for unpartitioned inputs
only, and an input without both counts as new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster import DagsterEvent, DagsterEventType
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_TAG,
    DEFAULT_DATA_VERSION,
    NULL_EVENT_POINTER,
    extract_data_version_from_entry,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from dagster._core.events import DagsterEventBatchMetadata, generate_event_batch_id
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.stages.event_log import BATCH_SIZE

MAX_LOGGED_KEYS = 24
"""A check that one run evaluates for more keys has no event for a key that passes as it did before."""


@dataclass(frozen=True)
class MadePartition:
    """One partition that an asset made, or already held for the same inputs.

    Attributes:
        asset: name of the asset.
        partition: ``SYMBOL|TF``, ``SYMBOL``, or None for an asset without partitions.
        metadata: what people see in the web UI.
        data_version: provenance of the rows.
        code_version: version of the code that made them.
        input_data_versions: name of an input → provenance of the rows that were read. An input that is not named
            counts as read in the state of its last event.
        written: False when nothing had to be written.
    """

    asset: str
    partition: str | None
    metadata: Mapping[str, dg.MetadataValue]
    data_version: str
    code_version: str
    input_data_versions: Mapping[str, str]
    written: bool


class EventWriter:
    """Writes the events of one run.

    A materialization is written iff the partition was written or the last one that the instance knows of it says
    another data version, or none: then an earlier run wrote the rows and died before it said so, or another
    instance, or what the partition holds lies in files that it shares with another one. An evaluation is
    written iff it finds something, or the check's last word on the partition is not "passed", or the run evaluates
    the check for at most ``MAX_LOGGED_KEYS`` keys. Events wait in memory until there are a thousand of an asset or
    a check; inputs are written before what was made from them. ``flush`` ends a run.

    Attributes:
        n_materializations, n_evaluations: events written so far.
    """

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._step = context.get_step_execution_context()
        self._instance = context.instance
        self._made: dict[str, list[MadePartition]] = {}
        self._told: dict[str, Mapping[str | None, str]] = {}
        self._evaluations: dict[dg.AssetCheckKey, _CheckBuffer] = {}
        self.n_materializations = 0
        self.n_evaluations = 0

    def add(self, made: MadePartition) -> None:
        """Take one partition; an event of it follows if there is something to say."""
        if not made.written and self.told_version(made.asset, made.partition) == made.data_version:
            return
        waiting = self._made.setdefault(made.asset, [])
        waiting.append(made)
        if len(waiting) == BATCH_SIZE:
            self._write_asset(made.asset)

    def told_version(self, asset: str, partition: str | None) -> str | None:
        """The data version that the instance knew of a partition before this run; None where it knew none.

        One query per asset and run.
        """
        if asset not in self._told:
            self._told[asset] = _last_versions(self._instance, dg.AssetKey(asset), is_partitioned=partition is not None)
        return self._told[asset].get(partition)

    def evaluate(self, evaluation: dg.AssetCheckEvaluation) -> None:
        """Take what a check says of one partition; an event of it follows if there is something to say."""
        key = evaluation.asset_check_key
        buffer = self._evaluations.setdefault(key, _CheckBuffer())
        buffer.add(evaluation)
        if buffer.n_taken > MAX_LOGGED_KEYS:
            buffer.settle(self._last_words(key, buffer))
            if len(buffer.waiting) >= BATCH_SIZE:
                self._write_evaluations(buffer)

    def flush(self) -> None:
        """Write everything that waits: materializations first, so that evaluations follow what they are about."""
        for asset in list(self._made):
            self._write_asset(asset)
        for buffer in self._evaluations.values():
            self._write_evaluations(buffer)

    def _write_asset(self, asset: str) -> None:
        """Write what waits of one asset as one batch, and of its inputs before: pointers name their events."""
        parents = self._parents(asset)
        for parent in parents:
            if self._made.get(parent):
                self._write_asset(parent)
        waiting = self._made.pop(asset, [])
        tags = _InputTags(self._instance, parents, [made.partition for made in waiting])
        batch_id = generate_event_batch_id()
        for place, made in enumerate(waiting, start=1):
            materialization = dg.AssetMaterialization(
                asset_key=made.asset,
                partition=made.partition,
                metadata=dict(made.metadata),
                tags={
                    DATA_VERSION_TAG: made.data_version,
                    CODE_VERSION_TAG: made.code_version,
                    **tags.of(made),
                    **_dimension_tags(made.partition),
                },
            )
            batch = DagsterEventBatchMetadata(batch_id, place == len(waiting))
            DagsterEvent.asset_materialization(self._step, materialization, batch)
        self.n_materializations += len(waiting)

    def _parents(self, asset: str) -> list[str]:
        """Names of the assets that an asset declares to read."""
        node = self._step.job_def.asset_layer.get(dg.AssetKey(asset))
        return sorted(key.to_user_string() for key in node.parent_keys)

    def _write_evaluations(self, buffer: _CheckBuffer) -> None:
        """Write what waits of one check; only our storages take evaluations in batches."""
        is_batched = getattr(self._instance.event_log_storage, "writes_evaluations_in_batches", False)
        batch_id = generate_event_batch_id()
        waiting = buffer.take()
        for place, evaluation in enumerate(waiting, start=1):
            batch = DagsterEventBatchMetadata(batch_id, place == len(waiting)) if is_batched else None
            DagsterEvent.from_step(
                DagsterEventType.ASSET_CHECK_EVALUATION,
                self._step,
                evaluation,
                f"Check {evaluation.check_name} {'passed' if evaluation.passed else 'did not pass'}. "
                f"{evaluation.description or ''}",
                batch,
            )
        self.n_evaluations += len(waiting)

    def _last_words(self, key: dg.AssetCheckKey, buffer: _CheckBuffer) -> Mapping[str | None, bool]:
        """Partition → whether the check's last word on it is "passed"; asked once per check and run."""
        if buffer.passed_before is None:
            infos = self._instance.event_log_storage.get_asset_check_partition_info([key])
            passed = AssetCheckExecutionRecordStatus.SUCCEEDED
            buffer.passed_before = {info.partition_key: info.latest_execution_status == passed for info in infos}
        return buffer.passed_before


class _CheckBuffer:
    """The evaluations of one check that wait.

    Attributes:
        waiting: those that will be written.
        n_taken: all that the run gave.
        passed_before: partition → whether the last word before this run is "passed"; None until asked.
    """

    def __init__(self) -> None:
        self.waiting: list[dg.AssetCheckEvaluation] = []
        self.n_taken = 0
        self.passed_before: Mapping[str | None, bool] | None = None
        self._n_settled = 0

    def add(self, evaluation: dg.AssetCheckEvaluation) -> None:
        """Take one more."""
        self.waiting.append(evaluation)
        self.n_taken += 1

    def take(self) -> list[dg.AssetCheckEvaluation]:
        """What waits; nothing waits afterwards."""
        taken, self.waiting, self._n_settled = self.waiting, [], 0
        return taken

    def settle(self, passed_before: Mapping[str | None, bool]) -> None:
        """Drop what passes as before: the run has more keys than get an event each."""
        fresh = self.waiting[self._n_settled :]
        kept = [e for e in fresh if not e.passed or not passed_before.get(e.partition, True)]
        self.waiting[self._n_settled :] = kept
        self._n_settled = len(self.waiting)


class _InputTags:
    """The tags that say which events of its inputs a partition was made from.

    Args:
        instance: asked three times per input.
        parents: names of the inputs.
        partitions: partitions of a batch.
    """

    def __init__(self, instance: dg.DagsterInstance, parents: Sequence[str], partitions: Iterable[str | None]) -> None:
        self._names = parents
        self._ids: dict[str, Mapping[str, int]] = {}
        self._versions: dict[str, Mapping[str, Mapping[str, str]]] = {}
        self._last: dict[str, tuple[str, str]] = {}
        keys = {partition for partition in partitions if partition is not None}
        kind = DagsterEventType.ASSET_MATERIALIZATION
        for name in parents:
            key = dg.AssetKey(name)
            if keys:
                self._ids[name] = instance.get_latest_storage_id_by_partition(key, kind, keys)
                self._versions[name] = instance.event_log_storage.get_latest_tags_by_partition(
                    key, kind, [DATA_VERSION_TAG], sorted(keys)
                )
            self._last[name] = _last_event(instance, key)

    def of(self, made: MadePartition) -> dict[str, str]:
        """The tags of one partition."""
        tags: dict[str, str] = {}
        for name in self._names:
            last_pointer, last_version = self._last[name]
            version = made.input_data_versions.get(name, last_version)
            tags[get_input_data_version_tag(dg.AssetKey(name))] = version
            tags[get_input_event_pointer_tag(dg.AssetKey(name))] = self._pointer(name, made, last_pointer)
        return tags

    def _pointer(self, name: str, made: MadePartition, last_pointer: str) -> str:
        """The event of the same partition of an input; of an input partitioned otherwise, the last event of all.

        When another run wrote the input after it was read, the pointer stays in front of that event, so that the
        partition shows as made from older rows.
        """
        event_id = self._ids.get(name, {}).get(made.partition or "")
        if event_id is None:
            return last_pointer
        stored = self._versions[name].get(made.partition or "", {}).get(DATA_VERSION_TAG)
        is_as_read = made.input_data_versions.get(name, stored) == stored
        return str(event_id if is_as_read else event_id - 1)


def _last_versions(instance: dg.DagsterInstance, key: dg.AssetKey, *, is_partitioned: bool) -> Mapping[str | None, str]:
    """Partition → data version of its last materialization."""
    if not is_partitioned:
        pointer, version = _last_event(instance, key)
        return {} if pointer == NULL_EVENT_POINTER else {None: version}
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        key, DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION_TAG]
    )
    return {partition: found[DATA_VERSION_TAG] for partition, found in tags.items()}


def _last_event(instance: dg.DagsterInstance, key: dg.AssetKey) -> tuple[str, str]:
    """(pointer, data version) of the last materialization of an asset, in Dagster's words where there is none."""
    records = instance.get_asset_records([key])
    record = records[0].asset_entry.last_materialization_record if records else None
    if record is None:
        return NULL_EVENT_POINTER, DEFAULT_DATA_VERSION.value
    version = extract_data_version_from_entry(record.event_log_entry)
    return str(record.storage_id), (version or DEFAULT_DATA_VERSION).value


def _dimension_tags(partition: str | None) -> dict[str, str]:
    """The tags by which the web UI filters a key of two dimensions.

    >>> _dimension_tags("EURUSD|H1")
    {'dagster/partition/symbol': 'EURUSD', 'dagster/partition/timeframe': 'H1'}
    >>> _dimension_tags("EURUSD"), _dimension_tags(None)
    ({}, {})
    """
    if partition is None or "|" not in partition:
        return {}
    key = PartitionKey.parse(partition)
    return {"dagster/partition/symbol": key.symbol, "dagster/partition/timeframe": key.timeframe}
