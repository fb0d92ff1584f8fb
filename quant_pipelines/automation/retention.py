"""Retention of the event log: removes old runs that nobody needs to see what is made, checked and failed.

Put here: which runs are superseded, and their removal.
Keep out: the lake; raw parts and tables are never removed here. Questions to the event log (stages/last_events.py).

Why not simply by age: with a run go its events, and a partition without one shows as missing. So a run stays that
holds the last word about anything: the last materialization of a partition, the last evaluation of a check, or the
last attempt at a key that once failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster import DagsterInstance, DagsterRunStatus

from quant_pipelines.automation.sqlite_files import delete_run_files
from quant_pipelines.lake.partitions import SYMBOLS
from quant_pipelines.stages.attempts import last_words
from quant_pipelines.stages.last_events import LastEvaluations, evaluations_of_run, last_materialization_runs

_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]


def superseded_runs(instance: DagsterInstance, *, before: datetime) -> list[str]:
    """Ids of runs that ended before an instant (UTC) and hold the last word about nothing."""
    # Not by the time of creation: PostgreSQL stamps it in the zone of the server, and Dagster reads it as UTC.
    finished = instance.get_run_records(dg.RunsFilter(statuses=_FINISHED))
    old = [record for record in finished if (record.end_time or 0.0) < before.timestamp()]
    assets = list(instance.all_asset_keys())
    needed = last_materialization_runs(instance, assets) | _last_attempts(instance, assets)
    evaluations = LastEvaluations(instance)
    return [
        run_id
        for run_id in (record.dagster_run.run_id for record in old)
        if run_id not in needed and not _holds_an_evaluation(instance, run_id, evaluations)
    ]


def _last_attempts(instance: DagsterInstance, assets: Iterable[dg.AssetKey]) -> set[str]:
    """Runs with the last word about keys that a run calls failed: without them an old failure would count again."""
    names = [asset.to_user_string() for asset in assets]
    symbols = instance.get_dynamic_partitions(str(SYMBOLS.name))
    return {word.run_id for word in last_words(instance, names, symbols).values()}


def _holds_an_evaluation(instance: DagsterInstance, run_id: str, last: LastEvaluations) -> bool:
    """True when a run evaluated a check last, for some partition or over all of a run."""
    return any(last.run_of(*evaluated) == run_id for evaluated in evaluations_of_run(instance, run_id))


def prune_event_log(instance: DagsterInstance, *, before: datetime) -> int:
    """Delete the superseded runs that ended before an instant (UTC), with their events and logs; returns how many."""
    runs = superseded_runs(instance, before=before)
    for run_id in runs:
        instance.delete_run(run_id)
        _delete_evaluations(instance, run_id)
        delete_run_files(instance, run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    return len(runs)


def _delete_evaluations(instance: DagsterInstance, run_id: str) -> None:
    """Delete what the table of check evaluations holds of a run; Dagster leaves it behind."""
    storage: Any = instance.event_log_storage  # of the kind that SQL databases have; there is no other
    with storage.index_connection() as connection:
        connection.execute(sa.text("DELETE FROM asset_check_executions WHERE run_id = :run_id"), {"run_id": run_id})
