"""Servers that accept and say nothing, statements that hang, connections that fall silent: an error, soon."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from quant_core.errors import SourceError
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.source import MysqlSource
from tests.mysql.mariadb_server import MariadbServer
from tests.mysql.small_tables import MakeSource
from tests.mysql.window_tables import KEEPS, KEYS, fill

pytestmark = pytest.mark.mysql
SHORT = {"connect_timeout_seconds": 1, "read_timeout_seconds": 1, "retry_wait_seconds": 0.01}


class Relay:
    """A relay to a server; after ``fall_silent`` it passes nothing on, and accepts everything."""

    def __init__(self, port: int | None) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_silent = threading.Event()
        self._sockets: list[socket.socket] = []
        self.n_accepted = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def fall_silent(self) -> None:
        self._is_silent.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # a thread that waits in accept does not notice a close
        self._thread.join()
        for each in (self._listener, *self._sockets):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            self.n_accepted += 1
            self._sockets.append(client)
            if self._server_port is not None:
                server = socket.create_connection(("127.0.0.1", self._server_port))
                self._sockets.append(server)
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(4096):
                if not self._is_silent.is_set():
                    target.sendall(data)
            target.close()
        except OSError:
            return


@pytest.fixture
def silent() -> Iterator[Relay]:
    """A server that accepts connections and never greets."""
    with closing(Relay(None)) as relay:
        yield relay


def _source(server: MariadbServer, relay: Relay, **settings: object) -> MysqlSource:
    return MysqlSource(MysqlConfig.parse(KEYS | SHORT | settings, "test"), server.dsn(port=relay.port), "db")


def test_a_server_that_accepts_and_says_nothing_is_an_error_in_bounded_time(
    server: MariadbServer, silent: Relay
) -> None:
    source, begun = _source(server, silent, max_attempts=2), time.monotonic()
    with pytest.raises(SourceError, match=r"Expected a greeting within connect_timeout_seconds \(1\)"):
        source.instruments()
    assert time.monotonic() - begun < 8.0
    assert silent.n_accepted == 2


def test_a_silent_server_spends_its_budget_and_is_then_not_asked_for_a_while(
    server: MariadbServer, silent: Relay
) -> None:
    source, begun = _source(server, silent, max_attempts=50, retry_budget_seconds=2.5), time.monotonic()
    with pytest.raises(SourceError, match="timed out"):
        source.fingerprint(KEEPS)
    assert time.monotonic() - begun < 8.0
    n_accepted, begun = silent.n_accepted, time.monotonic()
    for _ in range(100):
        with pytest.raises(SourceError, match=r"not asked again yet: its retry_budget_seconds \(2.5\) are spent"):
            source.fingerprint(KEEPS)
    assert time.monotonic() - begun < 1.0
    assert silent.n_accepted == n_accepted
    time.sleep(2.6)
    with pytest.raises(SourceError, match="timed out"):
        source.fingerprint(KEEPS)
    assert silent.n_accepted > n_accepted, "after a rest it is asked again"


@pytest.mark.parametrize("route", ["run", "bulk"])
def test_a_statement_that_hangs_is_ended_on_both_routes_and_on_the_server(
    server: MariadbServer, make_source: MakeSource, route: str
) -> None:
    connection = make_source(**KEYS, **SHORT)._connection
    begun = time.monotonic()
    with pytest.raises(SourceError, match=r"an answer within read_timeout_seconds \(1\), found none"):
        getattr(connection, route)("SELECT SLEEP(30) AS slept")
    assert time.monotonic() - begun < 5.0
    with server.connect() as other, other.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'")
        assert cursor.fetchone() == (0,)


def test_a_locked_table_is_an_error_in_bounded_time(server: MariadbServer, make_source: MakeSource) -> None:
    fill(server)
    source = make_source(**KEYS, **SHORT)
    source.instruments()
    with server.connect() as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLES deep WRITE")
        begun = time.monotonic()
        with pytest.raises(SourceError, match="read_timeout_seconds"):
            list(source.deliveries(KEEPS, None))
        assert time.monotonic() - begun < 5.0


@pytest.mark.parametrize("route", ["pymysql", "connectorx"])
def test_a_connection_that_falls_silent_while_it_reads_is_an_error_in_bounded_time(
    server: MariadbServer, route: str
) -> None:
    fill(server)
    with closing(Relay(server.port)) as relay:
        source = _source(server, relay, bulk_reader=route, increment_rows=10, max_attempts=1)
        iterator = source.deliveries(KEEPS, None)
        next(iterator)
        relay.fall_silent()
        begun = time.monotonic()
        with pytest.raises(SourceError, match=r"timed out|no answer within"):
            list(iterator)
        assert time.monotonic() - begun < 8.0


def test_a_bulk_statement_that_gets_no_answer_is_left_behind(
    server: MariadbServer, make_source: MakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connectorx has no limit of its own: only its own connection falls silent here."""
    with closing(Relay(None)) as relay:
        connection = make_source(**KEYS, **SHORT, max_attempts=1)._connection
        monkeypatch.setattr(connection, "_bulk_url", lambda: f"mysql://reader:x@127.0.0.1:{relay.port}/marketdata")
        begun = time.monotonic()
        with pytest.raises(SourceError, match=r"no answer within 3 s.*read_timeout_seconds"):
            connection.bulk("SELECT 1 AS x")
        assert time.monotonic() - begun < 8.0
