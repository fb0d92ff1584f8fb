"""The private PostgreSQL server gives each test an empty database and keeps its data over a crash."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.postgres.postgres_server import PostgresServer

pytestmark = pytest.mark.postgres


def test_databases_are_apart_and_survive_a_crash(postgres_server: PostgresServer) -> None:
    urls = [postgres_server.create_database() for _ in range(2)]
    engines = [sa.create_engine(url, poolclass=sa.NullPool) for url in urls]
    with engines[0].begin() as connection:
        connection.execute(sa.text("CREATE TABLE kept (n INTEGER)"))
        connection.execute(sa.text("INSERT INTO kept VALUES (7)"))
    assert sa.inspect(engines[1]).get_table_names() == []
    postgres_server.kill()
    with pytest.raises(sa.exc.OperationalError):
        engines[0].connect()
    postgres_server.start()
    with engines[0].connect() as connection:
        assert connection.execute(sa.text("SELECT n FROM kept")).scalar() == 7


def test_the_servers_own_zone_is_not_utc(postgres_url: str) -> None:
    with sa.create_engine(postgres_url, poolclass=sa.NullPool).connect() as connection:
        assert connection.execute(sa.text("SHOW timezone")).scalar() == "Asia/Karachi"
