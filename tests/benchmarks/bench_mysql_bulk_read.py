"""Bulk read of the MySQL source against pandas.read_sql over SQLAlchemy and PyMySQL.

Run: ``python -m tests.benchmarks.bench_mysql_bulk_read [--rows 500000] [--repeats 5]``. Starts its own MariaDB server
on a free loopback port, loads the look-up-table layout, and reads it in one process, both ways in turn; prints the
medians, their ratio (target: at least 15) and whether all values are equal. Exit status 1 when they differ or the
target is missed. ``bulk`` is the read alone, with the hash of each row; ``deliveries`` also looks for what differs
before and after, converts, numbers and hashes; ``look`` is one look at the checksums of all windows, the cost of a
tick or of a call that finds nothing; ``count`` is ``COUNT(*)`` of the series, its floor; ``ingest`` stores all rows.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from sqlalchemy import Engine, create_engine, text

from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources.contract import Instrument
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.source import MysqlSource
from tests.mysql.mariadb_server import MariadbServer, missing_binaries

TARGET_RATIO = 15.0
_QUERY = text(
    "SELECT c.date, c.open, c.high, c.low, c.close, c.volume FROM candle c JOIN symbol s ON s.id = c.symbol_id"
    " WHERE s.symbol = 'EURUSD' AND c.timeframe = 'M1' ORDER BY c.date"
)

_COUNT = (
    "SELECT COUNT(*) FROM candle WHERE symbol_id = UNHEX(MD5('EURUSD')) AND timeframe = 'M1' AND date > '1900-01-01'"
)


def _load(server: MariadbServer, n_rows: int) -> None:
    server.load(
        "CREATE TABLE symbol (id BINARY(16) PRIMARY KEY, symbol VARCHAR(32) UNIQUE)",
        "INSERT INTO symbol VALUES (UNHEX(MD5('EURUSD')), 'EURUSD')",
        "CREATE TABLE candle (symbol_id BINARY(16), timeframe VARCHAR(8), date DATETIME(6), open DOUBLE, high DOUBLE,"
        " low DOUBLE, close DOUBLE, volume DOUBLE, PRIMARY KEY (symbol_id, timeframe, date))",
        "INSERT INTO candle SELECT UNHEX(MD5('EURUSD')), 'M1', TIMESTAMP'2015-01-01 00:00:00' + INTERVAL seq MINUTE,"
        f" 1+RAND(seq), 2+RAND(seq+1), RAND(seq+2), 1+RAND(seq+3), seq % 1000 FROM seq_1_to_{n_rows}",
    )


def _equal(ours: pl.DataFrame, theirs: pd.DataFrame) -> bool:
    same = np.array_equal(ours["ts"].dt.replace_time_zone(None).to_numpy(), theirs["date"].to_numpy("datetime64[us]"))
    return same and all(
        np.array_equal(ours[c].to_numpy(), theirs[c].to_numpy()) for c in ("open", "high", "low", "close", "volume")
    )


def _looks_and_ingest(source: MysqlSource, instrument: Instrument, engine: Engine) -> dict[str, float]:
    """Seconds of one look at the checksums, of a count, and of an ingest into an empty store."""
    with tempfile.TemporaryDirectory() as folder, engine.connect() as connection:
        jobs: dict[str, Callable[[], object]] = {
            "look": lambda: source.fingerprint(instrument),
            "count": lambda: connection.execute(text(_COUNT)).all(),
            "ingest": lambda: RawStore(Lake(folder)).ingest(source, instrument),
        }
        took: dict[str, float] = {}
        for name, job in jobs.items():
            begun = time.perf_counter()
            job()
            took[name] = time.perf_counter() - begun
    return took


def measure(server: MariadbServer, n_rows: int, n_repeats: int) -> int:
    """Interleave the readers, print the medians; 0 when equal and fast enough."""
    _load(server, n_rows)
    keys = {"table": "candle", "symbol_col": "symbol_id", "ts_col": "date", "symbol_lookup_table": "symbol"}
    config = MysqlConfig.parse({**keys, "bulk_reader": "connectorx"}, "benchmark")
    source, engine = MysqlSource(config, server.dsn(), "benchmark"), create_engine(server.dsn())
    instrument = Instrument("EURUSD", Timeframe.M1, "fx_24_5", "benchmark", "EURUSD")
    names = ("pandas", "bulk", "deliveries", "look", "count", "ingest")
    seconds: dict[str, list[float]] = {name: [] for name in names}
    is_equal = True
    for _ in range(n_repeats):
        begun = time.perf_counter()
        with engine.connect() as connection:
            theirs = pd.read_sql(_QUERY, connection)
        seconds["pandas"].append(time.perf_counter() - begun)
        begun = time.perf_counter()
        found = list(source.deliveries(instrument, None))
        seconds["deliveries"].append(time.perf_counter() - begun)
        seconds["bulk"].append(sum(d.details["read_seconds"] for d in found))
        for name, took in _looks_and_ingest(source, instrument, engine).items():
            seconds[name].append(took)
        is_equal &= _equal(pl.concat([d.rows for d in found]), theirs)
    median = {k: statistics.median(v) for k, v in seconds.items()}
    for name, value in median.items():
        spread = f"{min(seconds[name]):.3f}..{max(seconds[name]):.3f}"
        speed = f"{n_rows / value:12,.0f} rows/s, {median['pandas'] / value:5.1f}x"
        print(f"{name:<10} median {value:7.3f} s ({spread}), {speed}")
    ratio = median["pandas"] / median["bulk"]
    print(
        f"rows {n_rows}, repeats {n_repeats}, values equal: {is_equal}, bulk ratio {ratio:.1f} (target {TARGET_RATIO})"
    )
    source.close()
    engine.dispose()
    return 0 if is_equal and ratio >= TARGET_RATIO else 1


def main() -> int:
    """Read the arguments, start the server, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    if missing_binaries():
        print(f"no MariaDB server on this machine: missing {missing_binaries()}; install mariadb-server")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        server = MariadbServer(Path(folder))
        server.install()
        server.start()
        try:
            return measure(server, arguments.rows, arguments.repeats)
        finally:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
