"""Histories of files and tables together: whatever happens, a quiet lake is that of the sources' last state.

What happens is told in tests/pipelines/test_histories.py; here half of the symbols are rows of a MySQL server.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.mysql.mariadb_server import MariadbServer
from tests.pipelines.random_histories import assert_lives_well

pytestmark = pytest.mark.mysql


@pytest.fixture
def dsn(server: MariadbServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QE_MARKETDATA_MYSQL_URL", server.dsn())


@pytest.mark.usefixtures("dsn")
def test_a_history_with_tables(server: MariadbServer, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert_lives_well(20_000, "sqlite", tmp_path / "history", request, server)


@pytest.mark.slow
@pytest.mark.usefixtures("dsn")
@pytest.mark.parametrize("block", range(2))
def test_many_histories_with_tables(
    block: int, server: MariadbServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """``RANDOM_HISTORIES=500 make test-slow`` is the release's size; half of them are these."""
    for seed in range(block, int(os.environ.get("RANDOM_HISTORIES", "30")) // 2, 2):
        assert_lives_well(30_000 + seed, "memory", tmp_path / f"history_{seed}", request, server)
        shutil.rmtree(tmp_path / f"history_{seed}")
