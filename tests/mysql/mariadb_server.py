"""A private MariaDB server for tests: own data folder, free loopback port, can be killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import pymysql
from pymysql.connections import Connection

BINARIES = ("mariadb-install-db", "mariadbd")
# Every character that has a meaning in URLs, SQL or shells.
READER_PASSWORD = "S3cret:p@ss/w%rd+#?'\"&=;"
LOADER_PASSWORD = "l0ader"
_START_TIMEOUT_S = 60.0


def binary(name: str) -> str | None:
    """Full path of a server binary; Debian keeps the server outside a user's PATH."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


def missing_binaries() -> list[str]:
    return [name for name in BINARIES if binary(name) is None]


class MariadbServer:
    """One server process over one data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def install(self) -> None:
        """Create the data folder and the two logins: a loader with all rights, a reader that may only select."""
        self._data.mkdir(parents=True)
        subprocess.run(
            [str(binary("mariadb-install-db")), "--no-defaults", f"--datadir={self._data}", "--skip-test-db",
             "--auth-root-authentication-method=normal", *self._user()],
            check=True, capture_output=True,
        )  # fmt: skip
        reader = READER_PASSWORD.replace("'", "''")
        (self._folder / "init.sql").write_text(
            f"CREATE USER IF NOT EXISTS loader@'%' IDENTIFIED BY '{LOADER_PASSWORD}';\n"
            "GRANT ALL ON *.* TO loader@'%';\n"
            f"CREATE USER IF NOT EXISTS reader@'%' IDENTIFIED BY '{reader}';\n"
            "GRANT SELECT ON *.* TO reader@'%';\n"
            "CREATE DATABASE IF NOT EXISTS marketdata;\n"
        )

    def start(self) -> None:
        """Start the server; its default time zone is not UTC, so that a session that forgets to say UTC is seen."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(binary("mariadbd")), "--no-defaults", f"--datadir={self._data}", "--socket=private.sock",
                 f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin",
                 f"--tmpdir={self._folder}", f"--init-file={self._folder / 'init.sql'}", "--local-infile=0",
                 "--default-time-zone=+05:00", "--innodb-buffer-pool-size=192M", "--innodb-log-file-size=128M",
                 "--innodb-flush-log-at-trx-commit=1", "--performance-schema=OFF", "--aria-pagecache-buffer-size=8M",
                 "--key-buffer-size=8M", "--max-connections=200", *self._user()],
                stdout=log, stderr=log,
            )  # fmt: skip
        self._wait()

    def kill(self) -> None:
        """Kill the server as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def load(self, *statements: str) -> None:
        """Run statements as the loader, in a session that accepts what a sloppy feed writes."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET time_zone='+00:00', sql_mode='ALLOW_INVALID_DATES', unique_checks=0")
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def connect(self) -> Connection:
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="loader", password=LOADER_PASSWORD, database="marketdata",
            init_command="SET time_zone='+00:00'",
        )  # fmt: skip

    def dsn(self, *, password: str = READER_PASSWORD, port: int | None = None, database: str = "marketdata") -> str:
        """The reader's DSN."""
        return f"mysql+pymysql://reader:{quote(password, safe='')}@127.0.0.1:{port or self.port}/{database}"

    def _wait(self) -> None:
        """Wait until the loader can log in."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                self.connect().close()
                return
            except pymysql.err.OperationalError:
                if time.monotonic() > deadline or (self._process is not None and self._process.poll() is not None):
                    log = (self._folder / "server.log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"MariaDB did not start:\n{log}") from None
                time.sleep(0.05)

    @staticmethod
    def _user() -> list[str]:
        return ["--user=root"] if os.geteuid() == 0 else []
