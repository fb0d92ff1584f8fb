"""A private PostgreSQL server for tests: own data folder, free loopback port, can be killed and started again.

The fixtures at the end reach every test through tests/conftest.py: ``postgres_server``, one server per session that
starts when the first test asks for it, and ``postgres_url``, an empty database of its own per test.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

BINARIES = ("initdb", "postgres", "psql")
USER, PASSWORD = "owner", "pr1vate"
_START_TIMEOUT_S = 60.0


def binary(name: str) -> str | None:
    """Full path of a server binary; Debian keeps every major version in a folder of its own, the newest counts."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("[0-9]*"), key=lambda p: float(p.name) if p.name.isdigit() else 0.0
    )
    folders = [str(version / "bin") for version in reversed(versions)]
    return shutil.which(name, path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))


def missing_binaries() -> list[str]:
    return [name for name in BINARIES if binary(name) is None]


class PostgresServer:
    """One server process over one data folder.

    Attributes:
        port: free loopback port it listens on.
        durable: True syncs every commit to disk, as a production server does; tests do not need it, benchmarks do.
    """

    def __init__(self, *, durable: bool = False) -> None:
        # Not below pytest's own folder: only its owner may enter that, and the server refuses to run as root.
        self._folder = Path(tempfile.mkdtemp(prefix="private_postgres_"))
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.durable = durable
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def install(self) -> None:
        """Create the data folder and the login."""
        password = self._folder / "password"
        password.write_text(PASSWORD)
        user = _server_user()
        if user is not None:
            for path in (self._folder, password):
                shutil.chown(path, user)
        subprocess.run(
            [str(binary("initdb")), f"--pgdata={self._data}", f"--username={USER}", f"--pwfile={password}",
             "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"],
            check=True, capture_output=True, user=user, cwd=self._folder,
        )  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until the owner can log in."""
        sync = "on" if self.durable else "off"
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(binary("postgres")), "-D", str(self._data), "-p", str(self.port),
                 "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", f"fsync={sync}",
                 "-c", f"full_page_writes={sync}", "-c", "max_connections=60",
                 # Not UTC, so that a reader that forgets to say UTC is seen.
                 "-c", "timezone=Asia/Karachi"],
                stdout=log, stderr=log, user=_server_user(), cwd=self._folder, start_new_session=True,
            )  # fmt: skip
        self._wait()

    def kill(self) -> None:
        """Kill the server and its backends as a crash would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Kill the server and delete its data."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """Run one statement as the owner; its rows as lines."""
        done = subprocess.run(
            [str(binary("psql")), "--no-psqlrc", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1",
             f"--command={statement}", f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"],
            check=True, capture_output=True, text=True, cwd="/",
        )  # fmt: skip
        return done.stdout.strip()

    def create_database(self) -> str:
        """The SQLAlchemy URL of a new, empty database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg2://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                self.sql("SELECT 1")
                return
            except subprocess.CalledProcessError as error:
                if time.monotonic() > deadline or (self._process is not None and self._process.poll() is not None):
                    log = (self._folder / "server.log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"PostgreSQL did not start: {error.stderr}\n{log}") from None
                time.sleep(0.05)


def _server_user() -> str | None:
    """The account the server runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    missing = missing_binaries()
    if missing and os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"CI must have a PostgreSQL server; missing: {missing}. Install Debian's postgresql.")
    if missing:
        pytest.skip(f"no PostgreSQL server on this machine (missing {missing}); install Debian's postgresql")
    server = PostgresServer()
    try:
        server.install()
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    return postgres_server.create_database()
