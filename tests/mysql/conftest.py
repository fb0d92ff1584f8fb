"""The private MariaDB server of the MySQL tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.source import MysqlSource
from tests.mysql.mariadb_server import MariadbServer, missing_binaries
from tests.mysql.small_tables import MakeSource
from tests.pipelines.undrawn import undrawn

__all__ = ["undrawn"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariadbServer]:
    missing = missing_binaries()
    if missing and os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"CI must have a MariaDB server; missing: {missing}. Install Debian's mariadb-server.")
    if missing:
        pytest.skip(f"no MariaDB server on this machine (missing {missing}); install Debian's mariadb-server")
    found = MariadbServer(tmp_path_factory.mktemp("mariadb"))
    found.install()
    found.start()
    yield found
    found.kill()


@pytest.fixture
def make_source(server: MariadbServer) -> Iterator[MakeSource]:
    """Build sources from configuration keys; all are closed at the end."""
    opened: list[MysqlSource] = []

    def make(**settings: object) -> MysqlSource:
        fast = {"retry_wait_seconds": 0.05, "retry_max_wait_seconds": 0.5, "max_attempts": 2}
        if len(opened) > 5:
            opened.pop(0).close()
        opened.append(MysqlSource(MysqlConfig.parse(fast | settings, "test"), server.dsn(), "db"))
        return opened[-1]

    yield make
    for source in opened:
        source.close()
