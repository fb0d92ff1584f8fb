"""Secrets: a DSN and its password appear in no output, log, event, database or lake file."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines.small_project import SmallProject

pytestmark = pytest.mark.slow  # five processes that each load the code location and retry a dead server

PASSWORD = "rAre%40pass[7391"  # the URL form of rAre@pass[7391, with a sign that URLs do not allow
SECRETS = (PASSWORD, "rAre@pass[7391", "rAre%40pass%5B7391", "pass[7391", "secretuser")
SOURCES = """
sources:
  mysql: {kind: mysql, enabled: auto}
  inbox: {kind: inbox, folder: inbox, settle_s: 0}
"""


def _closed_port() -> int:
    """A loopback port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _commands() -> list[list[str]]:
    """Everything a person might type while the server is away; --debug prints tracebacks."""
    qe = [sys.executable, "-c", "from quant_pipelines.cli import main; main()"]
    job = [sys.executable, "-m", "dagster", "job", "execute", "-m", "quant_pipelines.definitions", "-j"]
    return [
        [*job, "register_symbols"],
        [*job, "research", "--tags", '{"dagster/partition": "AAA|D1"}'],
        [*qe, "--debug", "status"],
        [*qe, "backfill", "--missing", "--failed", "--stale"],
        [*qe, "sources", "--json"],
    ]


def test_a_password_never_leaves_the_environment(tmp_path: Path) -> None:
    project = SmallProject.at(tmp_path)
    (tmp_path / "config" / "sources.yaml").write_text(SOURCES)
    (tmp_path / "home").mkdir()
    project.drop("AAA")
    # Somebody's notes: its words are echoed as what was found instead of bars.
    project.drop("notes", "".join(f"{secret} is a secret\n" for secret in SECRETS), name="notes.csv")
    dsn = f"mysql+pymysql://secretuser:{PASSWORD}@127.0.0.1:{_closed_port()}/marketdata"
    environment = {**os.environ, **project.environment, "QE_MARKETDATA_MYSQL_URL": dsn}
    outputs = []
    for command in _commands():
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
        outputs.append(done.stdout + done.stderr)
    assert "mysql" in outputs[0]  # the failing source was tried and is named
    assert "notes.csv" in outputs[0]
    shutil.rmtree(project.inbox)
    for secret in SECRETS:
        for command, output in zip(_commands(), outputs, strict=True):
            assert secret not in output, f"{secret!r} in the output of {command[1:]}"
        held = [p for p in tmp_path.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
        assert not held, f"{secret!r} in {[str(p.relative_to(tmp_path)) for p in held]}"
    assert list((tmp_path / "home").rglob("*.db"))  # there was an event log to look into
