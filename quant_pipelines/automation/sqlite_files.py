"""SQLite files of an instance: finds them and gives the space of deleted rows back to the disk.

Put here: what only the default instance of one person needs.
Keep out: which runs go (retention.py); PostgreSQL, which cleans up after itself.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster import DagsterInstance

MAX_FREE_SHARE = 0.30
"""Share of free pages above which a file is rewritten: below it, rewriting costs more than it gives back."""

_LOCK_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Shrunk:
    """A file that was rewritten without its free pages."""

    path: Path
    n_bytes_before: int
    n_bytes_after: int


def shrink_databases(instance: DagsterInstance) -> list[Shrunk]:
    """Rewrite the index of events, the runs and the ticks where more than 30 % of the pages are free.

    Deleting rows leaves their pages in the file, so the disk gets nothing back without this. Readers may go on
    meanwhile.

    Raises:
        sqlite3.OperationalError: a writer held a file for longer than 20 seconds; everything is as before.
    """
    shrunk: list[Shrunk] = []
    for path in _database_files(instance):
        before = path.stat().st_size
        # Outside of any transaction, which VACUUM demands.
        with closing(sqlite3.connect(path, timeout=_LOCK_TIMEOUT_S, isolation_level=None)) as connection:
            ((n_free,),) = connection.execute("PRAGMA freelist_count")
            ((n_pages,),) = connection.execute("PRAGMA page_count")
            if n_free <= MAX_FREE_SHARE * n_pages:
                continue
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shrunk.append(Shrunk(path, before, path.stat().st_size))
    return shrunk


def delete_run_files(instance: DagsterInstance, run_id: str) -> None:
    """Delete the database that SQLite keeps for one run; nothing on another storage.

    Dagster deletes its rows only, and leaves a file as large as before.
    """
    index = _index_file(instance)
    if index is None:
        return
    for suffix in (".db", ".db-wal", ".db-shm"):
        (index.parent / f"{run_id}{suffix}").unlink(missing_ok=True)


def _database_files(instance: DagsterInstance) -> list[Path]:
    """The SQLite files that all runs share; none for PostgreSQL and for instances in memory."""
    found = {_index_file(instance), _file_behind(instance.run_storage), _file_behind(instance.schedule_storage)}
    return sorted(path for path in found if path is not None)


def _index_file(instance: DagsterInstance) -> Path | None:
    """The database with the events of all runs."""
    storage: Any = instance.event_log_storage  # of the kind that SQL databases have; there is no other
    with storage.index_connection() as connection:
        return _file_of(connection)


def _file_behind(storage: Any) -> Path | None:
    """The database of a storage that is no event log."""
    with storage.connect() as connection:
        return _file_of(connection)


def _file_of(connection: Any) -> Path | None:
    """The file that a connection works on; None where there is none."""
    url = connection.engine.url
    if url.get_backend_name() != "sqlite" or not url.database or "mode=memory" in str(url):
        return None
    path = Path(url.database)
    return path if path.is_file() else None
