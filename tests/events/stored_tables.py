"""The tables of an event log as plain rows, in a form that two logs can be compared in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

_TIMES = ("create_timestamp", "migration_completed")


def tables_of(url: str) -> Mapping[str, list[dict[str, Any]]]:
    """Every table of a database, its rows in a fixed order; ids are replaced by what they stand for.

    An id of an event becomes the event's own text, so that a tag that hangs on the wrong event is seen. Times at which
    the database wrote a row are left out, those of the events stay.
    """
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        rows = {
            name: [dict(row) for row in connection.execute(table.select()).mappings()]
            for name, table in metadata.tables.items()
        }
    events = {row["id"]: row["event"] for row in rows["event_logs"]}
    return {name: sorted((_without_ids(row, events) for row in table), key=str) for name, table in rows.items()}


def sqlite_tables(folder: Path) -> Mapping[str, Mapping[str, list[dict[str, Any]]]]:
    """The tables of every database of a SQLite event log by its name: the index and one per run."""
    return {file.name: tables_of(f"sqlite:///{file}") for file in sorted(folder.glob("*.db"))}


def _without_ids(row: Mapping[str, Any], events: Mapping[int, str]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name != "id" and name not in _TIMES}
    for name in ("event_id", "evaluation_event_storage_id"):
        if kept.get(name) is not None:
            kept[name] = events[kept[name]]
    if kept.get("last_materialization"):
        record = json.loads(kept["last_materialization"])
        assert json.loads(events[record["storage_id"]]) == record["event_log_entry"]
        kept["last_materialization"] = record["event_log_entry"]
    if kept.get("execution_status") == "PLANNED":
        kept["evaluation_event"] = _without_subset(kept["evaluation_event"])
    return kept


def _without_subset(text: str) -> str:
    """A planned event without its list of partitions: the one thing that our storage leaves out of a row."""
    event = json.loads(text)
    event["dagster_event"]["event_specific_data"]["partitions_subset"] = None
    return json.dumps(event, sort_keys=True)
