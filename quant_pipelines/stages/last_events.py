"""The last events of every partition: which run made it, which run checked it, and when.

Put here: questions about the newest materialization and evaluation per partition, whatever storage keeps them.
Keep out: what follows from the answers (attempts.py, key_state.py, automation/retention.py).

Storage ids are compared within one query only: SQLite keeps each run in a database of its own with ids of its own,
and an index over all runs with others. What is compared here are ids of runs and times of events.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import dagster as dg
from dagster import DagsterEventType, DagsterInstance
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecordStatus,
    AssetCheckPartitionInfo,
)

_BATCH = 500
"""Ids per query: below the number of variables that every SQLite allows, and of records that Dagster returns."""


_EVALUATED = frozenset({AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED})
_T = TypeVar("_T")


@dataclass(frozen=True)
class LastEvent:
    """The newest event of one partition.

    Attributes:
        run_id: the run that wrote it; "" for one that was reported without a run.
        timestamp: when it was written, in seconds since 1970, UTC.
    """

    run_id: str
    timestamp: float


def last_materializations(
    instance: DagsterInstance, asset: dg.AssetKey, partitions: Collection[str] | None = None
) -> dict[str, LastEvent]:
    """Partition → its newest materialization.

    Args:
        instance: where events are.
        asset: the asset.
        partitions: the ones to look at; None for every partition that was ever materialized.
    """
    if partitions is not None and not partitions:
        return {}
    found: dict[str, LastEvent] = {}
    # Dagster reads every id of an asset in one query where no partitions are named; named ones are its variables.
    groups = [None] if partitions is None else _groups(partitions)
    for group in groups:
        ids = instance.get_latest_storage_id_by_partition(
            asset, DagsterEventType.ASSET_MATERIALIZATION, None if group is None else set(group)
        )
        for batch in _groups(ids.values()):
            wanted = dg.AssetRecordsFilter(asset_key=asset, storage_ids=batch)
            for record in instance.fetch_materializations(wanted, limit=len(batch)).records:
                found[str(record.partition_key)] = LastEvent(record.run_id, record.timestamp)
    return found


def last_materialization_runs(instance: DagsterInstance, assets: Iterable[dg.AssetKey]) -> set[str]:
    """Ids of the runs that hold the newest materialization of an asset or of one of its partitions."""
    runs: set[str] = set()
    for asset in assets:
        runs |= {event.run_id for event in last_materializations(instance, asset).values()}
        newest = instance.get_latest_materialization_event(asset)
        if newest is not None:
            runs.add(newest.run_id)
    return runs


def evaluations_of_run(instance: DagsterInstance, run_id: str) -> set[tuple[dg.AssetCheckKey, str | None]]:
    """The checks that a run evaluated, each with its partition (None: over all of the run)."""
    found: set[tuple[dg.AssetCheckKey, str | None]] = set()
    cursor: str | None = None
    while True:
        page = instance.get_records_for_run(run_id, cursor, DagsterEventType.ASSET_CHECK_EVALUATION, limit=1_000)
        for record in page.records:
            event = record.event_log_entry.dagster_event
            if event is not None:
                data = event.asset_check_evaluation_data
                found.add((data.asset_check_key, data.partition))
        if not page.has_more:
            return found
        cursor = page.cursor


class LastEvaluations:
    """Which run evaluated a check last, per partition; each check is asked for once."""

    def __init__(self, instance: DagsterInstance) -> None:
        self._storage = instance.event_log_storage
        self._by_check: dict[dg.AssetCheckKey, dict[str | None, AssetCheckPartitionInfo]] = {}

    def run_of(self, check: dg.AssetCheckKey, partition: str | None) -> str | None:
        """Id of the run with the newest evaluation; None when there is none.

        A run that planned to evaluate and never did is no evaluation: the one before it counts.
        """
        if check not in self._by_check:
            infos = self._storage.get_asset_check_partition_info([check])
            self._by_check[check] = {info.partition_key: info for info in infos}
        latest = self._by_check[check].get(partition)
        if latest is not None and latest.latest_execution_status in _EVALUATED:
            return latest.latest_planned_run_id
        history = self._storage.get_asset_check_execution_history(
            check, limit=1, status=_EVALUATED, partition_filter=PartitionKeyFilter(key=partition)
        )
        return history[0].run_id if history else None


def _groups(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Lists of at most so many items as one query takes."""
    left = iter(items)
    while group := list(islice(left, _BATCH)):
        yield group
