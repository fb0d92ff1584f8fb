"""Fixtures of the pipeline tests: runs without figures, and a Dagster instance of every kind that is supported.

What an instance answers must not depend on where it keeps its events: SQLite gives every run a database of its own
with ids of its own, an instance in memory and PostgreSQL have one numbering for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from quant_pipelines.resources import PACKAGED_CONFIG
from tests.pipelines.undrawn import undrawn

__all__ = ["undrawn"]

INSTANCES = ("memory", "sqlite", "postgres")
collect_ignore = ["fork_server.py"]
"""It does its work when it is imported, and is for the fork server alone."""


@pytest.fixture(params=INSTANCES)
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """One instance per kind: in memory, a DAGSTER_HOME with the packaged settings, and a PostgreSQL database."""
    with open_instance(request.param, tmp_path, request) as opened:
        yield opened


def open_instance(kind: str, folder: Path, request: pytest.FixtureRequest) -> dg.DagsterInstance:
    """An instance of a kind with its files below a folder; close it with ``with``."""
    if kind == "memory":
        (folder / "instance").mkdir(exist_ok=True)
        return dg.DagsterInstance.ephemeral(tempdir=str(folder / "instance"))
    home = folder / "home"
    home.mkdir()
    if kind == "sqlite":
        (home / "dagster.yaml").write_bytes((PACKAGED_CONFIG / "dagster.yaml").read_bytes())
    else:
        url = request.getfixturevalue("postgres_server").create_database()
        (home / "dagster.yaml").write_text(
            f"telemetry: {{enabled: false}}\nstorage: {{postgres: {{postgres_url: '{url}'}}}}\n"
        )
    return dg.DagsterInstance.from_config(str(home))
