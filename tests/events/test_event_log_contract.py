"""The batching storages leave the same rows in every table as Dagster's own, and may take turns with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster import DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster_postgres.event_log import PostgresEventLogStorage

from quant_pipelines.stages.event_log import BatchingSqliteEventLog
from quant_pipelines.stages.event_log_postgres import BatchingPostgresEventLog
from tests.events.planted_events import ASSETS, KEYS, RUNS, batches
from tests.events.stored_tables import sqlite_tables, tables_of
from tests.postgres.postgres_server import PostgresServer


def _store_singly(storage: EventLogStorage, groups: Iterable[Sequence[EventLogEntry]] | None = None) -> None:
    for batch in batches() if groups is None else groups:
        for event in batch:
            storage.store_event(event)


def _store_batches(storage: EventLogStorage, groups: Iterable[Sequence[EventLogEntry]] | None = None) -> None:
    for batch in batches() if groups is None else groups:
        storage.store_event_batch(batch)


def test_there_are_enough_events_of_every_kind() -> None:
    events = [event for batch in batches() for event in batch]
    assert len(events) >= 300
    assert {e.dagster_event_type for e in events} == {
        DagsterEventType.ASSET_MATERIALIZATION,
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        DagsterEventType.ASSET_OBSERVATION,
        DagsterEventType.ASSET_CHECK_EVALUATION,
        DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    }


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, list[dict[str, Any]]]]:
    """The tables of Dagster's SQLite storage."""
    folder = tmp_path_factory.mktemp("stock")
    _store_singly(SqliteEventLogStorage(str(folder)))
    return sqlite_tables(folder)


def test_sqlite_holds_what_the_stock_storage_holds(tmp_path: Path, stock: Mapping[str, Any]) -> None:
    _store_batches(BatchingSqliteEventLog(str(tmp_path)))
    assert set(stock) == {"index.db", *(f"{run_id}.db" for run_id in RUNS)}
    assert len(stock["index.db"]["asset_check_executions"]) == 2 * (4 * 30 + 1 + 2 * 5)
    assert len(stock["index.db"]["asset_event_tags"]) == 2 * 3 * (2 * len(KEYS) + 2 * 5)
    assert sqlite_tables(tmp_path) == stock


@pytest.mark.postgres
def test_postgres_holds_what_the_stock_storage_holds(postgres_server: PostgresServer) -> None:
    stock_url, our_url = postgres_server.create_database(), postgres_server.create_database()
    _store_singly(PostgresEventLogStorage(stock_url))
    _store_batches(BatchingPostgresEventLog(our_url))
    stock, ours = tables_of(stock_url), tables_of(our_url)
    assert len(stock["event_logs"]) == sum(len(batch) for batch in batches())
    assert ours == stock


def test_a_batch_updates_the_row_of_each_of_its_assets(tmp_path: Path) -> None:
    """Dagster's PostgreSQL storage looks at the last event of a batch only."""
    storage = BatchingSqliteEventLog(str(tmp_path))
    made = [e for b in batches() for e in b if e.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION]
    first_run = [e for e in made if e.run_id == RUNS[0]]
    storage.store_event_batch(first_run)
    records = {r.asset_entry.asset_key.to_user_string(): r for r in storage.get_asset_records()}
    for asset in ASSETS:
        last = records[asset].asset_entry.last_materialization_record
        assert last is not None
        assert last.partition_key == KEYS[-1]


def test_stock_and_batching_storage_take_turns_on_one_folder(tmp_path: Path, stock: Mapping[str, Any]) -> None:
    groups = list(batches())
    _store_batches(BatchingSqliteEventLog(str(tmp_path)), groups[:-2])
    _store_singly(SqliteEventLogStorage(str(tmp_path)), groups[-2:-1])
    _store_batches(BatchingSqliteEventLog(str(tmp_path)), groups[-1:])
    assert sqlite_tables(tmp_path) == stock
    read_back = SqliteEventLogStorage(str(tmp_path))
    assert read_back.get_materialized_partitions(dg.AssetKey("bars")) == set(KEYS)


def test_a_failing_index_stores_nothing_of_a_batch(tmp_path: Path) -> None:
    """Dagster then stores the events one by one; none may be there twice."""
    storage = BatchingSqliteEventLog(str(tmp_path))
    batch = next(b for b in batches() if b[0].dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION)[:5]
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'index.db'}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE asset_event_tags RENAME COLUMN value TO moved"))
    with pytest.raises(sa.exc.OperationalError):
        storage.store_event_batch(batch)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE asset_event_tags RENAME COLUMN moved TO value"))
    for event in batch:
        storage.store_event(event)
    assert len(storage.get_records_for_run(RUNS[0]).records) == len(batch)
    assert len(tables_of(f"sqlite:///{tmp_path / 'index.db'}")["event_logs"]) == len(batch)
