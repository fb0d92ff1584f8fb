"""Wrong variables and missing drivers: one clear error with the variable and the next step, never a traceback."""

from __future__ import annotations

import builtins
import io
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from quant_core.errors import ConfigError, LakeError, SourceError
from quant_pipelines.cli import run
from quant_pipelines.cli._console import SafeConsole
from quant_pipelines.lake.storage import Storage
from quant_pipelines.resources import PACKAGED_CONFIG, ClockResource, default_resources, redact
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.connection import MysqlConnection
from tests.pipelines.small_project import SmallProject

QE = [sys.executable, "-c", "from quant_pipelines.cli import main; main()"]
COMMANDS = (["status"], ["launch", "register_symbols"], ["backfill", "--missing"], ["symbols", "list"], ["sources"])
SECONDS = "expected a number of seconds, 0 or more"
MOMENT = "expected an instant with offset"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    made = SmallProject.at(tmp_path)
    made.drop("AAA")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.mark.parametrize("value", ["abc", "-1", "nan", "inf", "-inf", "1e999", "1,5", "\x1b[2J"])
def test_a_wrong_number_of_seconds_is_said_with_its_variable(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("QUANT_LOCK_TIMEOUT_S", value)
    with pytest.raises(ConfigError, match=f"QUANT_LOCK_TIMEOUT_S: {SECONDS}, found .*Correct or unset it") as caught:
        default_resources()
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("value", ["", "0", "7.5", "1e3"])
def test_right_numbers_of_seconds_are_taken(project: SmallProject, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("QUANT_LOCK_TIMEOUT_S", value)
    assert default_resources()["lake"].lock_timeout_s == float(value or 120)


@pytest.mark.parametrize(
    "value", ["tomorrow", "2024-13-01T00:00:00+00:00", "2024-01-31T23:00:00", "0001-01-01T00:00:00+14:00", "nan", "1e9"]
)
def test_a_wrong_moment_is_said_before_anything_is_asked(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("QUANT_NOW", value)
    with pytest.raises(ConfigError, match=f"QUANT_NOW: {MOMENT}.*found .*Correct or unset it"):
        default_resources()
    with pytest.raises(ConfigError, match="QUANT_NOW"):
        ClockResource(fixed_now=value).now()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("QUANT_LOCK_TIMEOUT_S", "abc", SECONDS),
        ("QUANT_NOW", "soon", MOMENT),
        ("QUANT_LAKE", "s3://b/x", "fsspec driver"),
    ],
)
def test_commands_say_it_in_one_line(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    for command in COMMANDS if variable != "QUANT_LAKE" else (["status"], ["sources"], ["top"]):
        printed = io.StringIO()
        assert run(command, SafeConsole(str, file=printed, width=300)) == 1, command
        assert said in printed.getvalue(), command
        assert variable in printed.getvalue(), command
        assert len(printed.getvalue().splitlines()) == 1, command


@pytest.mark.slow  # two processes
def test_a_process_of_its_own_prints_no_traceback(project: SmallProject) -> None:
    for variable, value in (("QUANT_LOCK_TIMEOUT_S", "abc"), ("QUANT_NOW", "soon")):
        environment = {**os.environ, variable: value}
        for command in (["status"], ["launch", "register_symbols"]):
            done = subprocess.run(
                [*QE, *command], env=environment, capture_output=True, text=True, timeout=120, check=False
            )
            assert done.returncode == 1
            assert f"Wrong value at {variable}" in done.stdout
            assert "Traceback" not in done.stdout + done.stderr


def _without(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Make an import of a module fail as if it were not installed."""
    real = builtins.__import__

    def refuse(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == module:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.delitem(sys.modules, module, raising=False)


def test_a_missing_database_driver_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = MysqlConnection("mysql+pymysql://reader:s3cret-word@127.0.0.1:1/none", MysqlConfig(), "db")
    _without(monkeypatch, "pymysql")
    with pytest.raises(ConfigError, match=r"'db'.*expected the driver.*no module pymysql.*pip install pymysql"):
        connection.run("SELECT 1")


def test_a_missing_database_driver_costs_its_source_only(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_DSN", "mysql+pymysql://reader:s3cret-word@127.0.0.1:1/none")
    text = "sources:\n  db: {kind: mysql, env_var: MY_DSN}\n  inbox: {kind: inbox, folder: inbox, settle_s: 0}\n"
    (project.root / "config" / "sources.yaml").write_text(text)
    _without(monkeypatch, "pymysql")
    sources = project.inputs.sources
    assert sources.symbols() == ["AAA"]
    assert "pip install pymysql" in sources.failed["db"]


@pytest.mark.parametrize("url", ["s3://key:s3cret-word@bucket/lake", "nowhere://key:s3cret-word@bucket/lake"])
def test_a_missing_driver_of_a_store_is_said_without_the_url(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(LakeError, match=r"QUANT_LAKE.*expected the fsspec driver.*found .*Install it") as caught:
        Storage(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("password", ["p@ss", "s3cret@qzxv[1", "a@b@c"])
def test_an_at_sign_that_is_not_encoded_never_reaches_a_driver(password: str) -> None:
    """Everything after the first @ would be looked up as the name of a host."""
    with pytest.raises(ConfigError, match=r"holds an @ that is not encoded.*%40") as caught:
        MysqlConnection(f"mysql+pymysql://reader:{password}@db.example:3306/bars", MysqlConfig(), "db")
    assert not [part for part in password.replace("[", "@").split("@") if len(part) > 2 and part in str(caught.value)]


@pytest.mark.parametrize("password", ["br[acket", "br]acket", "[v1]x", "sl/ash", "wh?at", "ha#sh", "co:lon"])
def test_other_signs_of_a_password_work_and_are_redacted(
    password: str, project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = f"mysql+pymysql://a:{password}@127.0.0.1:1/none"
    monkeypatch.setenv("MY_DSN", dsn)
    text = "sources: {db: {kind: mysql, env_var: MY_DSN, max_attempts: 1, retry_wait_seconds: 0}}"
    (project.root / "config" / "sources.yaml").write_text(text)
    sources = project.inputs.sources
    assert sources.symbols() == []
    assert "Can't connect" in sources.failed["db"]
    assert redact(f"as {dsn} or {password}: a bar") == "as *** or ***: a bar"
    connection = MysqlConnection(dsn, MysqlConfig(), "db")
    assert connection.scrub(f"Access denied for user 'a'@'h', {password}, a table") == (
        "Access denied for user '***'@'h', ***, a table"
    )
    with pytest.raises(SourceError):
        MysqlConnection(dsn, MysqlConfig(max_attempts=1), "db").run("SELECT 1")


def test_a_secret_in_a_file_does_not_reach_the_index(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short password that is a part of a symbol must not change what is remembered of good files."""
    monkeypatch.setenv("MY_DSN", "postgresql://reader:s3cret-word@db/bars")
    monkeypatch.setenv("OTHER_DSN", "postgresql://reader:AAA@db/bars")
    project.drop("noise", "to s3cret-word\nor AAA\n", name="noise.csv")
    assert project.inputs.sources.symbols() == ["AAA"]
    index = (project.root / "lake" / ".index" / "inbox.json").read_text()
    assert "noise.csv" in index
    assert "s3cret-word" not in index
    assert project.inputs.sources.symbols() == ["AAA"]  # read from the index


def test_settings_that_cannot_be_read_are_no_traceback(project: SmallProject) -> None:
    (project.root / "config" / "research.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"research.yaml cannot be read.*not UTF-8"):
        _ = project.inputs.research


@pytest.mark.parametrize(
    "text",
    [
        "sources: {db: {kind: mysql, connection_url: mysql://u:s3cret-word@h/d, ]",
        "sources: mysql://u:s3cret-word@h/d",
        "sources: {db: mysql://u:s3cret@more-word@h/d}",
        "sources: {db: {kind: inbox, folder: [mysql://u:s3cret-word@h/d]}}",
        "sources: {db: {kind: mysql, connection_url: mysql://u:s3cret-word@h/d}}",
        "sources: {db: {kind: mysql, mysql://u:s3cret-word@h/d: x}}",
    ],
)
def test_an_error_of_the_settings_holds_no_password(project: SmallProject, text: str) -> None:
    """Also where it is stored with its causes, as Dagster does."""
    (project.root / "config" / "sources.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        _ = project.inputs.sources
    stored = str(serializable_error_info_from_exc_info((type(caught.value), caught.value, caught.tb)))
    assert re.search("sources|connection_url", str(caught.value))
    assert not [part for part in ("s3cret", "-word") if part in stored + str(caught.value)]


TEAM = (PACKAGED_CONFIG / "dagster.team.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("missing", "url", "settings", "said"),
    [
        (
            "dagster_postgres",
            "postgresql+psycopg2://secretuser:s3cret-word@h/d",
            TEAM,
            "import module dagster_postgres",
        ),
        ("psycopg2", "postgresql+psycopg2://secretuser:s3cret-word@h/d", TEAM, "psycopg2"),
        ("", "", TEAM, "postgres_url"),
        ("", "", "run_storage: [", "while parsing"),
        ("", "", "no_such_key: 1", "no_such_key"),
    ],
)
def test_an_instance_that_cannot_be_opened_is_said_in_one_line(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, missing: str, url: str, settings: str, said: str
) -> None:
    """The settings of a team need PostgreSQL's driver, which is an extra."""
    (project.root / "home").mkdir()
    (project.root / "home" / "dagster.yaml").write_text(settings)
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
    for module in [m for m in sys.modules if missing and m.split(".", maxsplit=1)[0] == missing] or [missing]:
        monkeypatch.setitem(sys.modules, module, None)
    if missing:
        monkeypatch.setitem(sys.modules, missing, None)
    printed = io.StringIO()
    assert run(["symbols", "list"], SafeConsole(redact, file=printed, width=300)) == 1
    text = printed.getvalue()
    assert "The Dagster instance cannot be opened: expected DAGSTER_HOME/dagster.yaml" in text
    assert said in text
    assert ("quant-engine[postgres]" in text) is bool(missing)
    assert len(text.splitlines()) == 1
    assert not [part for part in ("s3cret", "secretuser", "Traceback") if part in text]


def test_a_port_that_another_program_has_is_said_before_an_address_is_printed(project: SmallProject) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for port in (str(taken.getsockname()[1]), "65536"):
            printed = io.StringIO()
            assert run(["ui", "--port", port], SafeConsole(str, file=printed, width=300)) == 1
            said = f"Wrong value at --port: expected a free port of 127.0.0.1, found {port}."
            assert said in printed.getvalue()
            assert "Web UI:" not in printed.getvalue()
