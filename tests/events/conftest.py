"""The Dagster instances that the writer of events must work on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from quant_pipelines.resources import PACKAGED_CONFIG
from tests.pipelines.undrawn import undrawn

__all__ = ["undrawn"]

POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)
KINDS = ["sqlite_files", "in_memory", POSTGRES]


@pytest.fixture(params=KINDS)
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An empty instance; the parameter is its kind: one of KINDS, or Dagster's own storage, stock_sqlite_files."""
    home = tmp_path / "home"
    home.mkdir()
    settings = home / "dagster.yaml"
    if request.param == "in_memory":
        with dg.DagsterInstance.ephemeral(tempdir=str(home)) as opened:
            yield opened
        return
    if request.param == "stock_sqlite_files":
        settings.write_text("telemetry: {enabled: false}\n")
    elif request.param == "sqlite_files":
        settings.write_text((PACKAGED_CONFIG / "dagster.yaml").read_text())
    else:
        url = json.dumps(request.getfixturevalue("postgres_url"))
        text = (PACKAGED_CONFIG / "dagster.team.yaml").read_text()
        settings.write_text(text.replace("{env: DAGSTER_POSTGRES_URL}", url))
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened
