"""A table of ten windows, and two raw stores over it: one brought up to date, one built afresh to compare with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from quant_core.quality import QualityRules
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources.contract import Instrument
from quant_pipelines.sources.mysql.source import MysqlSource
from tests.mysql.mariadb_server import MariadbServer

KEY = PartitionKey("A", "M1")
KEEPS = Instrument("A", Timeframe.M1, "always_open", "db", "A")
REMOVES = replace(KEEPS, quality=QualityRules(withdrawn_rows="remove"))
KEYS: dict[str, Any] = {"table": "deep", "timeframe_col": None, "timeframe": "M1", "rows_per_window": 300}
COLUMNS = "(symbol, ts, open, high, low, close, volume)"
N_BARS = 1_200
_FIELDS = ("ts", "open", "high", "low", "close", "volume")


def fill(server: MariadbServer, table: str = "deep", *, close: float = 1.5, engine: str = "InnoDB") -> None:
    """A bar every six hours from 2020-01-01 06:00; windows begin on 2020-01-02, 2020-02-01, 2020-03-02 and so on."""
    server.load(
        f"CREATE OR REPLACE TABLE {table} (symbol VARCHAR(32), ts DATETIME(6), open DOUBLE, high DOUBLE, low DOUBLE,"
        " close DOUBLE, volume DOUBLE, updated TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,"
        f" KEY (symbol, ts)) ENGINE={engine}",
        f"INSERT INTO {table} {COLUMNS} SELECT 'A', TIMESTAMP'2020-01-01 00:00:00' + INTERVAL seq*6 HOUR, 1, 2, 0.5,"
        f" {close}, seq FROM seq_1_to_{N_BARS}",
        f"INSERT INTO {table} {COLUMNS} VALUES ('B', '2020-01-01', 1, 2, 0.5, 1.5, 0)",
    )


def bars(store: RawStore) -> list[tuple[Any, ...]]:
    """The current bars of a store that can be complete, each once, in order."""
    rows = store.read(KEY).rows.filter(pl.col("ts") < datetime.now(UTC))
    return rows.select(_FIELDS).unique().sort(_FIELDS, nulls_last=True).rows()


def refused(store: RawStore) -> list[tuple[Any, ...]]:
    """What a store holds of rows that could not be read."""
    rows = store.read(KEY).quarantine.filter(~pl.col("reason").is_in(["withdrawn", "never_completed"]))
    return rows.select("origin", "reason", "raw_text").sort("origin", "reason", "raw_text").rows()


@dataclass
class Lakes:
    """Raw stores over one source.

    Attributes:
        source: asked by all of them; what changes in its table between two calls is the test.
        folder: of the lakes.
        instrument: with the rules.
    """

    source: MysqlSource
    folder: Path
    instrument: Instrument = REMOVES

    def __post_init__(self) -> None:
        self.store = RawStore(Lake(str(self.folder / "kept")))
        self._n_fresh = 0

    def ingest(self, log: Callable[[str], object] = str) -> Manifest:
        return self.store.ingest(self.source, self.instrument, log)

    def fresh(self) -> RawStore:
        """A new store with what the table has now."""
        self._n_fresh += 1
        store = RawStore(Lake(str(self.folder / f"fresh{self._n_fresh}")))
        store.ingest(self.source, self.instrument)
        return store


def assert_up_to_date(lakes: Lakes) -> None:
    """The store equals one that is built afresh, and a second call writes nothing."""
    after = lakes.store.manifest(KEY)
    fresh = lakes.fresh()
    assert bars(lakes.store) == bars(fresh)
    assert set(refused(fresh)) <= set(refused(lakes.store))
    assert after is not None
    again = lakes.ingest()
    # What changed during the last call is asked for once more; after that not even the fingerprint is written.
    assert again.model_copy(update={"taken_in": after.taken_in}) == after, "a second call stores nothing"
    assert lakes.ingest() == again, "a third call writes nothing"
