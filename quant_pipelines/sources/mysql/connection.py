"""Connections of a MySQL source: UTC read-only sessions, retries on connection loss, errors without secrets.

Put here: the DSN's two forms, running a statement on PyMySQL or connectorx, the meaning of errors, and scrubbing.
Keep out: what the statements say (query.py) and how long is waited (patience.py).
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import polars as pl
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from quant_core.errors import ConfigError, SourceError
from quant_core.shown_text import shown
from quant_pipelines.redaction import Redaction
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.patience import (
    GRACE_S,
    ConnectionLostError,
    Patience,
    TooSlowError,
    in_time,
    session_statements,
)
from quant_pipelines.sources.mysql.query import SqlValue

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
# Client and server codes that mean "the connection is gone, the statement is fine": cannot connect, gone away,
# lost during query, too many connections, shutdown in progress, connection killed; or a table replaced at that moment.
_LOST_CODES = frozenset({2002, 2003, 2006, 2013, 2014, 2055, 1040, 1053, 1152, 1158, 1159, 1160, 1161, 1412, 1927})
# A statement that took longer than the session allows, in MariaDB and in MySQL.
_TOO_LONG_CODES = frozenset({1969, 3024})
_DRIVERS = ("mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql")


class MysqlConnection:
    """One source's way to its server. Not shared between threads.

    Args:
        dsn: SQLAlchemy URL with the secret; kept private, never logged and scrubbed from every error.
        name: source name, for messages.
    """

    def __init__(self, dsn: str, config: MysqlConfig, name: str) -> None:
        self._config = config
        self._name = name
        self._url = _parse(dsn, name)
        self._redaction = Redaction([dsn])
        self._engine: Engine | None = None
        self._patience = Patience(config, name)

    def __repr__(self) -> str:
        return f"MysqlConnection({self._name!r})"

    def run(self, statement: str, parameters: dict[str, SqlValue] | None = None) -> list[tuple[Any, ...]]:
        """Run one bound statement on PyMySQL, repeating it after a lost connection.

        Raises:
            SourceError: the server refused it, or stayed away for all attempts.
        """
        return self.with_connection(
            lambda c: [tuple(r) for r in c.execute(text(statement), parameters or {}).all()], "query"
        )

    def scalar(self, statement: str, parameters: dict[str, SqlValue] | None = None) -> Any:
        """First value of a statement's first row; None where there is none."""
        rows = self.run(statement, parameters)
        return rows[0][0] if rows else None

    def with_connection(self, work: Callable[[Connection], _T], what: str) -> _T:
        """Run work on a connection, repeating all of it after a lost connection."""

        def attempt() -> _T:
            with self._connected() as connection:
                return work(connection)

        return self._retrying(attempt, what)

    def bulk(self, statement: str) -> pl.DataFrame:
        """Run one literal statement on connectorx (binary protocol), repeating it after a lost connection."""
        connectorx = importlib.import_module("connectorx")

        def read() -> Any:
            return connectorx.read_sql(
                self._bulk_url(), statement, return_type="arrow", protocol="binary",
                pre_execution_query=session_statements(self._config.read_timeout_seconds),
            )  # fmt: skip

        def attempt() -> pl.DataFrame:
            # connectorx waits 30 s for a dead server; PyMySQL's ping at check-out fails at once, with a code.
            self._connected().close()
            frame = pl.from_arrow(in_time(read, self._config.read_timeout_seconds + GRACE_S))
            if not isinstance(frame, pl.DataFrame):
                raise SourceError(f"Source {self._name!r}: connectorx returned no table.")
            return frame

        return self._retrying(attempt, "bulk read")

    def bulk_available(self) -> bool:
        """Whether bulk reads go through connectorx; a fallback is said loudly.

        Raises:
            ConfigError: connectorx is asked for but missing, or the DSN needs what connectorx cannot do.
        """
        if self._config.bulk_reader == "pymysql":
            return False
        if importlib.util.find_spec("connectorx") is None:
            if self._config.bulk_reader == "connectorx":
                raise ConfigError(
                    f"Source {self._name!r}: bulk_reader is connectorx, which is not installed: pip install connectorx."
                )
            _LOG.warning(
                "Source %r: connectorx is NOT installed; bulk reads fall back to PyMySQL, about 20 times slower. "
                "Fix: pip install connectorx.", self._name,
            )  # fmt: skip
            return False
        special = sorted(k for k in self._url.query if k.startswith("ssl") or k == "unix_socket")
        if special:
            raise ConfigError(
                f"Source {self._name!r}: the DSN asks for {', '.join(special)}, which connectorx would ignore. "
                "Set bulk_reader: pymysql for this source."
            )
        return True

    def close(self) -> None:
        """Close pooled connections."""
        if self._engine is not None:
            self._engine.dispose()

    def _connected(self) -> Connection:
        if self._engine is None:
            self._engine = create_engine(
                self._url, pool_size=1, max_overflow=1, pool_pre_ping=True, hide_parameters=True,
                isolation_level="REPEATABLE READ",
                # Both hold for the greeting, too; afterwards the session's limits count, from the event on.
                connect_args=dict.fromkeys(
                    ("connect_timeout", "read_timeout", "write_timeout"), self._config.connect_timeout_seconds
                ),
            )  # fmt: skip
            event.listen(self._engine, "connect", self._open_session)
        return self._engine.connect()

    def _bulk_url(self) -> str:
        """The DSN as connectorx wants it; options only PyMySQL knows are left out."""
        url = self._url
        user = quote(url.username or "", safe="")
        login = user if url.password is None else f"{user}:{quote(str(url.password), safe='')}"
        host = url.host or "127.0.0.1"
        host = f"[{host}]" if ":" in host else host
        limit = f"tcp_connect_timeout_ms={self._config.connect_timeout_seconds * 1000}"
        return f"mysql://{login}@{host}:{url.port or 3306}/{quote(url.database or '', safe='')}?{limit}"

    def _open_session(self, connection: Any, _record: Any) -> None:
        """Put a new PyMySQL connection into UTC and read-only, as connectorx's, and give it the time of statements."""
        seconds = self._config.read_timeout_seconds
        with connection.cursor() as cursor:
            for statement in session_statements(seconds):
                cursor.execute(statement)
        connection._read_timeout = connection._write_timeout = seconds + GRACE_S

    def _retrying(self, attempt: Callable[[], _T], what: str) -> _T:
        return self._patience.retrying(lambda: self._guarded(attempt, what))

    def _guarded(self, attempt: Callable[[], _T], what: str) -> _T:
        """Run once; turn every driver failure into an error that holds no secret, and cut the cause off with it."""
        try:
            return attempt()
        except SQLAlchemyError as error:
            raised = self._from_sqlalchemy(error, what)
        except ImportError as error:
            raised = ConfigError(
                f"Source {self._name!r} cannot be asked: expected the driver of its database to be installed, found no "
                f"module {error.name}. Run: pip install {error.name}."
            )
        except (RuntimeError, OSError) as error:
            raised = self._from_connectorx(error, what)
        except BaseException as error:
            # connectorx panics with a BaseException of its own; anything else is not ours to turn.
            if type(error).__name__ != "PanicException":
                raise
            raised = self._from_connectorx(error, what)
        raise raised from None

    def _from_sqlalchemy(self, error: SQLAlchemyError, what: str) -> SourceError:
        cause = error.orig if isinstance(error, DBAPIError) else None
        arguments = getattr(cause, "args", ())
        code = arguments[0] if arguments and isinstance(arguments[0], int) else None
        lost = code in _LOST_CODES or (isinstance(error, DBAPIError) and error.connection_invalidated)
        message = str(arguments[1]) if len(arguments) > 1 else str(cause or type(error).__name__)
        if code in _TOO_LONG_CODES or "timed out" in message:
            return self._too_slow(what, f"error {code}: {message}", lost=lost)
        return self._error(what, f"error {code}: {message}", lost=lost)

    def _from_connectorx(self, error: BaseException, what: str) -> SourceError:
        message = str(error)
        found = re.search(r"MySqlError \{ ERROR (\d+)", message)
        code = int(found.group(1)) if found else None
        lost = code in _LOST_CODES if code else not type(error).__name__.startswith("Panic")
        if code in _TOO_LONG_CODES or isinstance(error, TimeoutError):
            return self._too_slow(what, message, lost=lost)
        return self._error(what, message, lost=lost)

    def _too_slow(self, what: str, message: str, *, lost: bool) -> SourceError:
        """The error of a server that is silent, or of a statement that hangs."""
        config, kind = self._config, ConnectionLostError if lost else TooSlowError
        return kind(
            f"MySQL source {self._name!r} failed during a {what}: {self.scrub(message)}. Expected a greeting within "
            f"connect_timeout_seconds ({config.connect_timeout_seconds}) and an answer within read_timeout_seconds "
            f"({config.read_timeout_seconds}), found none. Check the server's load, locks and indexes; for slow "
            "statements raise read_timeout_seconds or lower rows_per_window."
        )

    def _error(self, what: str, message: str, *, lost: bool) -> SourceError:
        kind = ConnectionLostError if lost else SourceError
        step = (
            "Check that the server runs and is reachable."
            if lost
            else "Check the server, the login's rights and the table."
        )
        return kind(f"MySQL source {self._name!r} failed during a {what}: {self.scrub(message)}. {step}")

    def scrub(self, message: str) -> str:
        """The message without the DSN, the password and the user, in one line."""
        return shown(self._redaction.text(message), 500)


def _parse(dsn: str, name: str) -> URL:
    """Read the DSN without ever repeating it."""
    try:
        url = make_url(dsn)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _DRIVERS:
        raise ConfigError(
            f"Source {name!r}: the DSN is not a MySQL URL (its text is not shown, it holds a secret). "
            "Expected mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE; percent-encode special characters."
        )
    if "@" in (url.host or ""):
        # The rest of the password would be looked up as the name of a host, at a server of names.
        raise ConfigError(
            f"Source {name!r}: the login of the DSN holds an @ that is not encoded (its text is not shown, it holds a "
            "secret). Expected one @, before the host. Write %40 for an @ of the password."
        )
    query = {"charset": "utf8mb4", **url.query}
    return url.set(drivername="mysql+pymysql", query=query)
