"""Retention of Dagster's event log: removes old runs that nobody needs to see what is materialized.

Put here: which runs are superseded, and their removal.
Keep out: the lake; raw parts and tables are never removed here.

Why not simply by age: a run's deletion also deletes its materialization events, and a partition without one shows
as missing. So a run goes only when each of its materializations has a later one.
"""

from __future__ import annotations

from datetime import datetime

import dagster as dg
from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus

_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]


def superseded_runs(instance: DagsterInstance, *, before: datetime) -> list[str]:
    """Ids of finished runs created before an instant (UTC) whose every materialization has a later one."""
    old = instance.get_run_records(dg.RunsFilter(statuses=_FINISHED, created_before=before))
    latest: dict[dg.AssetKey, dict[str, int]] = {}
    return [r.dagster_run.run_id for r in old if not _is_needed(instance, r.dagster_run.run_id, latest)]


def _is_needed(instance: DagsterInstance, run_id: str, latest: dict[dg.AssetKey, dict[str, int]]) -> bool:
    """True when a run holds the last materialization of a partition."""
    cursor: str | None = None
    while True:
        page = instance.get_records_for_run(run_id, cursor, DagsterEventType.ASSET_MATERIALIZATION, limit=1_000)
        if any(_is_last(instance, record, latest) for record in page.records):
            return True
        if not page.has_more:
            return False
        cursor = page.cursor


def _is_last(instance: DagsterInstance, record: dg.EventLogRecord, latest: dict[dg.AssetKey, dict[str, int]]) -> bool:
    """True when no later materialization of the same asset and partition exists."""
    asset, partition = record.asset_key, record.partition_key
    if asset is None:
        return False
    if partition is None:
        newest = instance.get_latest_materialization_event(asset)
        return newest is None or newest.run_id == record.run_id
    if asset not in latest:
        ids = instance.get_latest_storage_id_by_partition(asset, DagsterEventType.ASSET_MATERIALIZATION)
        latest[asset] = dict(ids)
    return latest[asset].get(partition, 0) <= record.storage_id


def prune_event_log(instance: DagsterInstance, *, before: datetime) -> int:
    """Delete the superseded runs created before an instant (UTC); returns how many."""
    runs = superseded_runs(instance, before=before)
    for run_id in runs:
        instance.delete_run(run_id)
    return len(runs)
