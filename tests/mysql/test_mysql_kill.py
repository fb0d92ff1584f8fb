"""Crash safety of MySQL ingest: kill -9 of real runs, while they read and before any change of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mysql.mariadb_server import MariadbServer
from tests.mysql.window_tables import COLUMNS, fill
from tests.pipelines.child_runs import ChildRun, Finished, Runs
from tests.pipelines.kills import Killer, assert_lakes_equal_a_clean_one, state_of
from tests.pipelines.small_project import SmallProject, range_tags

pytestmark = [pytest.mark.mysql, pytest.mark.slow]
SOURCES = """
sources:
  db:
    kind: mysql
    table: deep
    timeframe_col: null
    timeframe: M1
    rows_per_window: 300
    increment_rows: 10
    retry_wait_seconds: 0.05
"""
INGEST: Runs = [("register_symbols", {}), ("ingest", range_tags("A|H4", "A|D1"))]


def _first_rows(server: MariadbServer) -> None:
    """Ten windows, and a row that no bar can be made of."""
    fill(server)
    server.load("DELETE FROM deep WHERE symbol = 'B'", "UPDATE deep SET open = NULL WHERE volume = 600")


def _next_rows(server: MariadbServer) -> None:
    """The table grows, some rows are restated, others are gone."""
    server.load(
        f"INSERT INTO deep {COLUMNS} SELECT 'A', TIMESTAMP'2020-10-28 00:00:00' + INTERVAL seq HOUR, 1, 2, 0.5, 1, seq"
        " FROM seq_1_to_400",
        "UPDATE deep SET close = 1.25 WHERE volume BETWEEN 310 AND 320",
        "DELETE FROM deep WHERE volume = 700",
    )


ROWS: tuple[Callable[[MariadbServer], None], ...] = (_first_rows, _next_rows)


def _project(root: Path) -> Path:
    SmallProject.at(root)
    (root / "config" / "sources.yaml").write_text(SOURCES)
    return root


def test_a_lake_of_a_table_after_kills_equals_a_clean_one(server: MariadbServer, tmp_path: Path) -> None:
    environment = {"QE_MARKETDATA_MYSQL_URL": server.dsn()}
    clean = _project(tmp_path / "clean")
    taken: list[Finished] = []
    for load in ROWS:
        load(server)
        taken.append(ChildRun(clean, INGEST, environment).finish())
    wanted = state_of(clean)
    killer = Killer(7, max(taken, key=lambda finished: finished.seconds))

    def kill_once_through(root: Path) -> None:
        _project(root)
        for load in ROWS:
            load(server)
            killer.kill_until_through(root, INGEST, environment)

    assert_lakes_equal_a_clean_one("mysql", 0.17, killer, kill_once_through, wanted, tmp_path)
