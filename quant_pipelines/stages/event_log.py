"""The event log of Dagster on SQLite, with batches: one transaction per thousand events instead of several per event.

Put here: what both batching storages share, and the storage of one person's instance.
Keep out: PostgreSQL, whose driver is optional (event_log_postgres.py), and what is written (run_events.py).

Tables and rows are Dagster's own, so an instance may change between this storage and the stock one at any time:
``event_log_storage: {module, class, config}`` of dagster.yaml names either. Methods that Dagster keeps private are
overridden here; a contract test sends the same events through both and compares every table.

Importing this module sets Dagster's variable ``DAGSTER_EVENT_BATCH_SIZE`` unless it is set, because Dagster offers a
batch to its storage only then. It is read by Dagster alone, never here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dagster import AssetCheckEvaluation, DagsterEventType, DagsterInstance
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData, serialize_value
from sqlalchemy import BindParameter, Connection, bindparam

BATCH_SIZE = 1000
"""Events per transaction, and so the most events that a killed run can lose per asset."""

os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(BATCH_SIZE))

_BATCHED = {
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_OBSERVATION,
    DagsterEventType.ASSET_CHECK_EVALUATION,
}


class BatchingEventLog(SqlEventLogStorage):
    """What both storages do differently from Dagster's: batches, and planned events whose size is linear.

    A batch is written in one transaction of the index and, where every run has a database of its own, one of that.
    The index comes first: when it is locked for too long nothing of the batch is stored, and Dagster's second try,
    event by event, stores none twice.
    """

    writes_evaluations_in_batches = True

    @property
    def supports_partition_subset_in_asset_materialization_planned_events(self) -> bool:
        """One planned event per asset with all its partitions, instead of one event per partition."""
        return True

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store materializations, observations or evaluations of checks of one run; anything else goes one by one."""
        kinds = {event.dagster_event_type for event in events}
        run_ids = {event.run_id for event in events}
        if len(kinds) != 1 or not kinds <= _BATCHED or len(run_ids) != 1 or "" in run_ids:
            super().store_event_batch(events)
            return
        insert = SqlEventLogStorageTable.insert()
        rows = [self._event_to_row(event) for event in events]
        with self.index_transaction() as connection:
            returning = insert.returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
            ids = list(connection.scalars(returning, rows))
            if DagsterEventType.ASSET_CHECK_EVALUATION in kinds:
                self._store_evaluations(connection, events, ids)
            else:
                self._store_asset_event_tags(connection, events, ids)
                self._store_last_of_each_asset(connection, events, ids)
        if self.is_run_sharded:
            with self.run_connection(events[0].run_id) as connection:
                connection.execute(insert, rows)

    def _store_last_of_each_asset(
        self, connection: Connection, events: Sequence[EventLogEntry], ids: Sequence[int]
    ) -> None:
        """Update the row of each asset; in alphabetical order, so that two runs cannot wait for each other."""
        last = {str(event.get_dagster_event().asset_key): (event, i) for event, i in zip(events, ids, strict=True)}
        for name in sorted(last):
            self._store_asset_event(connection, *last[name])

    def _store_evaluations(self, connection: Connection, events: Sequence[EventLogEntry], ids: Sequence[int]) -> None:
        """Fill the rows that the run holds for these evaluations, and add a row for each that has none.

        Of several evaluations of one partition by one run the last one stays, as in Dagster.
        """
        table = AssetCheckExecutionsTable
        rows = [self._evaluation_row(event, i) for event, i in zip(events, ids, strict=True)]
        last = {(row["asset_key"], row["check_name"], row["partition"]): row for row in rows}
        planned = self._rows_of_run(connection, events[0].run_id, {row["check_name"] for row in rows})
        known = [
            {"row_id": planned[key], **{f"new_{n}": v for n, v in last[key].items()}} for key in last if key in planned
        ]
        if known:
            values: dict[str, BindParameter[Any]] = {name: bindparam(f"new_{name}") for name in rows[0]}
            connection.execute(table.update().where(table.c.id == bindparam("row_id")).values(values), known)
        new = [row for key, row in last.items() if key not in planned]
        if new:
            connection.execute(table.insert(), new)

    @staticmethod
    def _rows_of_run(
        connection: Connection, run_id: str, checks: Iterable[str]
    ) -> dict[tuple[str, str, str | None], int]:
        """(asset, check, partition) → id of the row that a run planned or wrote for some checks."""
        table = AssetCheckExecutionsTable
        query = table.select().where(table.c.run_id == run_id, table.c.check_name.in_(list(checks)))
        columns = query.with_only_columns(table.c.asset_key, table.c.check_name, table.c.partition, table.c.id)
        found: dict[tuple[str, str, str | None], int] = {}
        for asset, check, partition, row_id in connection.execute(columns):
            if (asset, check, partition) in found:
                raise DagsterInvariantViolationError(
                    f"Check {check} of {asset}, partition {partition}, is planned twice in run {run_id}: expected once."
                )
            found[asset, check, partition] = row_id
        return found

    def _evaluation_row(self, event: EventLogEntry, event_id: int) -> dict[str, Any]:
        evaluation = event.get_dagster_event().event_specific_data
        assert isinstance(evaluation, AssetCheckEvaluation)
        target = evaluation.target_materialization_data
        status = AssetCheckExecutionRecordStatus
        return {
            "asset_key": evaluation.asset_key.to_string(),
            "check_name": evaluation.check_name,
            "partition": evaluation.partition,
            "run_id": event.run_id,
            "execution_status": (status.SUCCEEDED if evaluation.passed else status.FAILED).value,
            "evaluation_event": serialize_value(event),
            "evaluation_event_timestamp": self._event_insert_timestamp(event),
            "evaluation_event_storage_id": event_id,
            "materialization_event_storage_id": target.storage_id if target else None,
        }

    def _store_asset_check_evaluation_planned(self, event: EventLogEntry, event_id: int | None) -> None:
        """One row per partition, as in Dagster, but without the list of all partitions in every row.

        Dagster repeats it, and so grows with the square of the partitions: 146 MB for 1,000. The list stays in the
        event itself.
        """
        planned_event = event.get_dagster_event()
        planned = planned_event.event_specific_data
        assert isinstance(planned, AssetCheckEvaluationPlanned)
        subset = planned.partitions_subset
        slim = planned_event._replace(
            event_specific_data=AssetCheckEvaluationPlanned(asset_key=planned.asset_key, check_name=planned.check_name)
        )
        row = {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": serialize_value(event._replace(dagster_event=slim)),
            "evaluation_event_timestamp": self._event_insert_timestamp(event),
            "evaluation_event_storage_id": event_id,
        }
        keys = subset.get_partition_keys() if subset else [None]
        with self.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.insert(), [row | {"partition": key} for key in keys])


class BatchingSqliteEventLog(BatchingEventLog, SqliteEventLogStorage):
    """Dagster's SQLite event log, with batches.

    Args:
        base_dir: folder of the databases.
        inst_data: Dagster's own.
        is_below_home: True when ``base_dir`` is relative to the home of the instance; it is opened when the instance
            is known. Dagster itself offers no word for its home in dagster.yaml.
    """

    def __init__(
        self, base_dir: str, inst_data: ConfigurableClassData | None = None, *, is_below_home: bool = False
    ) -> None:
        self._below_home = base_dir if is_below_home else None
        self._inst_data = inst_data
        if not is_below_home:
            super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> BatchingSqliteEventLog:
        """Open what ``config`` of dagster.yaml says: ``base_dir``, absolute or relative to the instance's home."""
        base_dir = str(config_value["base_dir"])
        return cls(base_dir, inst_data, is_below_home=not Path(base_dir).is_absolute())

    def register_instance(self, instance: DagsterInstance) -> None:
        """Learn the instance, and with it where a relative ``base_dir`` lies."""
        if self._below_home is not None:
            super().__init__(str(Path(instance.root_directory) / self._below_home), self._inst_data)
        super().register_instance(instance)
