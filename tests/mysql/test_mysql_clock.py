"""The clock of the MySQL source is the one that its settings are opened with, as it is for files."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from quant_core.errors import ClockError
from quant_pipelines.lake.lake import Lake
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.resources import SourcesResource
from tests.mysql.mariadb_server import MariadbServer
from tests.mysql.window_tables import KEY, N_BARS, fill

pytestmark = pytest.mark.mysql
SOURCES = "sources: {db: {kind: mysql, table: deep, timeframe_col: null, timeframe: M1, rows_per_window: 300}}"
BEHIND, LATER = "2020-03-01T00:00:00+00:00", "2021-03-01T00:00:00+00:00"
N_BEFORE = 4 * 60
"""A bar every six hours from 2020-01-01 06:00 on: so many have begun by the clock that is behind."""


def _ingest(folder: Path, fixed_now: str) -> tuple[Manifest, int]:
    """What is known after an ingest by a clock, and how many bars are complete."""
    (folder / "sources.yaml").write_text(SOURCES)
    resource, lake = SourcesResource(file=str(folder / "sources.yaml"), fixed_now=fixed_now), Lake(str(folder / "lake"))
    (source,), store = resource.open(lake).all, RawStore(lake, resource.clock())
    instrument = next(i for i in source.instruments() if i.symbol == KEY.symbol)
    manifest = store.ingest(source, instrument)
    raw = store.read(KEY)
    return manifest, raw.rows.filter(pl.col("ts") < raw.now).height


def test_bars_that_lie_ahead_of_the_clock_wait_for_it(
    server: MariadbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(server)
    monkeypatch.setenv("QE_MARKETDATA_MYSQL_URL", server.dsn())
    manifest, n_complete = _ingest(tmp_path, BEHIND)
    assert {record.fetched_at.isoformat() for record in manifest.recent} == {BEHIND}
    assert manifest.ahead.keys() == {"db"}
    assert n_complete == N_BEFORE - 1  # the bar of midnight opens with the clock
    manifest, n_complete = _ingest(tmp_path, LATER)
    assert (manifest.version, n_complete) == (1, N_BARS)
    server.load("UPDATE deep SET close = 1.75 WHERE volume = 9")
    with pytest.raises(ClockError, match="The clock is behind"):
        _ingest(tmp_path, BEHIND)
