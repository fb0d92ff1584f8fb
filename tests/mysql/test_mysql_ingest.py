"""A million bars in the look-up-table layout: delivered whole, through crashes, in bounded windows."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from quant_core.errors import SourceError
from quant_core.tables import raw_rows
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources.contract import Instrument
from quant_pipelines.sources.mysql.source import MysqlSource
from tests.mysql.mariadb_server import MariadbServer
from tests.mysql.small_tables import MakeSource, rows_of

pytestmark = pytest.mark.mysql
N_EURUSD_M1, N_GBPUSD_M1, N_EURUSD_M5 = 1_000_000, 60_000, 40_000
CANDLES: dict[str, Any] = {
    "schema": "marketdata", "table": "candle", "symbol_col": "symbol_id", "ts_col": "date",
    "symbol_lookup_table": "symbol", "calendar": "fx_24_5",
}  # fmt: skip


@pytest.fixture(scope="module")
def candles(server: MariadbServer) -> MariadbServer:
    """Prices are multiples of 2⁻²⁰, so that every sum is exact."""
    insert = (
        "INSERT INTO candle SELECT UNHEX(MD5('{s}')), '{tf}', TIMESTAMP'2018-01-01 00:00:00' + INTERVAL seq*{m} MINUTE,"
        " 1+(seq%4096)/1048576e0, 2+(seq%8192)/1048576e0, 0.5, 1+(seq*7%65536)/1048576e0, seq%1000 FROM seq_1_to_{n}"
    )
    server.load(
        "CREATE TABLE symbol (id BINARY(16) PRIMARY KEY, symbol VARCHAR(32) UNIQUE)",
        "INSERT INTO symbol SELECT UNHEX(MD5(s)), s FROM"
        " (SELECT 'EURUSD' s UNION SELECT 'GBPUSD' UNION SELECT 'EMPTY') x",
        "CREATE TABLE candle (symbol_id BINARY(16), timeframe VARCHAR(8), date DATETIME(6), open DOUBLE, high DOUBLE,"
        " low DOUBLE, close DOUBLE, volume DOUBLE, PRIMARY KEY (symbol_id, timeframe, date))",
        insert.format(s="EURUSD", tf="M1", m=1, n=N_EURUSD_M1),
        insert.format(s="GBPUSD", tf="M1", m=1, n=N_GBPUSD_M1),
        insert.format(s="EURUSD", tf="M5", m=5, n=N_EURUSD_M5),
    )
    return server


def _instrument(source: MysqlSource, symbol: str, timeframe: str) -> Instrument:
    return next(i for i in source.instruments() if (i.symbol, i.timeframe.value) == (symbol, timeframe))


def _assert_equals_the_million(rows: pl.DataFrame, server: MariadbServer) -> None:
    """Row by row against the generating formula, and count and checksums against the server's own."""
    seq = np.arange(1, N_EURUSD_M1 + 1)
    start = np.datetime64("2018-01-01", "us")
    assert rows.height == N_EURUSD_M1
    np.testing.assert_array_equal(
        rows["ts"].dt.replace_time_zone(None).to_numpy(), start + seq * np.timedelta64(1, "m")
    )
    np.testing.assert_array_equal(rows["open"].to_numpy(), 1 + (seq % 4096) / 2**20)
    np.testing.assert_array_equal(rows["high"].to_numpy(), 2 + (seq % 8192) / 2**20)
    np.testing.assert_array_equal(rows["close"].to_numpy(), 1 + (seq * 7 % 65536) / 2**20)
    np.testing.assert_array_equal(rows["volume"].to_numpy(), seq % 1000)
    np.testing.assert_array_equal(rows["origin_row"].to_numpy(), seq)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), SUM(TIMESTAMPDIFF(SECOND, '1970-01-01', date)), SUM(open), SUM(high), SUM(low),"
            " SUM(close), SUM(volume) FROM candle WHERE symbol_id = UNHEX(MD5('EURUSD')) AND timeframe = 'M1'"
        )
        direct = cursor.fetchone()
    ours = rows.select(
        pl.len(), (pl.col("ts").dt.epoch("s")).sum().alias("ts"), pl.col("open", "high", "low", "close", "volume").sum()
    ).row(0)
    assert direct is not None
    assert ours == tuple(float(v) if i > 1 else int(v) for i, v in enumerate(direct))


def test_a_million_rows_arrive_whole_and_in_bounded_windows(candles: MariadbServer, make_source: MakeSource) -> None:
    source = make_source(**CANDLES, rows_per_window=300_000)
    deliveries = list(source.deliveries(_instrument(source, "EURUSD", "M1"), None))
    assert len(deliveries) == 4
    assert max(d.rows.height for d in deliveries) <= 300_000
    assert {d.details["route"] for d in deliveries} == {"connectorx"}
    assert all(d.n_rows_in == d.rows.height + d.quarantine.height for d in deliveries)
    assert {d.origin for d in deliveries} == {"marketdata.candle"}
    assert len({d.origin_hash for d in deliveries}) == len(deliveries)
    rows = rows_of(deliveries)
    raw_rows.TABLE.validate(rows)
    _assert_equals_the_million(rows, candles)


def test_the_instruments_are_found_by_the_index_without_reading_the_bars(
    candles: MariadbServer, make_source: MakeSource
) -> None:
    found = [(i.symbol, i.timeframe.value, i.calendar) for i in make_source(**CANDLES).instruments()]
    assert found == [("EURUSD", "M1", "fx_24_5"), ("EURUSD", "M5", "fx_24_5"), ("GBPUSD", "M1", "fx_24_5")]
    with candles.connect() as connection, connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE candle")
        cursor.execute("EXPLAIN SELECT symbol_id, timeframe FROM candle GROUP BY symbol_id, timeframe")
        assert "Using index for group-by" in str(cursor.fetchall())


def _kill_during_a_bulk_statement(server: MariadbServer, delay_s: float) -> None:
    """Wait until the server runs a bulk read, wait a little more, kill it."""
    with server.connect() as connection, connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%LIMIT%' AND user='reader'"
            )
            found = cursor.fetchone()
            if found is not None and found[0]:
                break
            time.sleep(0.002)
    time.sleep(delay_s)
    server.kill()


@pytest.mark.parametrize(("rows_per_window", "delay_s"), [(400_000, 0.0), (40_000, 0.05), (40_000, 0.2)])
def test_a_read_cut_by_a_killed_server_resumes_without_gap_or_repeat(
    candles: MariadbServer, make_source: MakeSource, rows_per_window: int, delay_s: float
) -> None:
    source = make_source(**CANDLES, rows_per_window=rows_per_window, max_attempts=1)
    instrument = _instrument(source, "EURUSD", "M1")
    iterator = source.deliveries(instrument, None)
    before = [next(iterator)]
    killer = threading.Thread(target=_kill_during_a_bulk_statement, args=(candles, delay_s))
    killer.start()
    try:
        with pytest.raises(SourceError, match="failed during a"):
            before.extend(iterator)
    finally:
        killer.join()
        candles.start()
    cut_at = before[-1].watermark
    after = list(make_source(**CANDLES, rows_per_window=150_000).deliveries(instrument, cut_at))
    known, again = rows_of(before), rows_of(after)
    n_repeated = known.height + again.height - N_EURUSD_M1
    assert 0 <= n_repeated < 43_200, "at most the window in which the read was cut is read again"
    assert again.head(n_repeated).equals(known.tail(n_repeated)), "what is read again is what was delivered"
    _assert_equals_the_million(pl.concat([known, again.slice(n_repeated)]), candles)


def test_a_server_that_comes_back_is_met_by_a_retry_inside_the_same_read(
    candles: MariadbServer, make_source: MakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    source = make_source(**CANDLES, rows_per_window=100_000, max_attempts=30)
    iterator = source.deliveries(_instrument(source, "EURUSD", "M1"), None)
    deliveries = [next(iterator)]
    candles.kill()

    def come_back() -> None:
        time.sleep(0.3)
        candles.start()

    starter = threading.Thread(target=come_back)
    starter.start()
    deliveries.extend(iterator)
    starter.join()
    assert "connection lost, attempt 1 of 30" in caplog.text
    _assert_equals_the_million(rows_of(deliveries), candles)


def test_both_routes_and_chunk_windows_give_the_same_rows(candles: MariadbServer, make_source: MakeSource) -> None:
    instrument = _instrument(make_source(**CANDLES), "GBPUSD", "M1")
    ways: list[dict[str, Any]] = [
        {}, {"bulk_reader": "pymysql"}, {"rows_per_window": 7_001}, {"chunk_minutes": 10_000},
        {"chunk_minutes": 1_440, "rows_per_window": 1_000},
    ]  # fmt: skip
    frames = [rows_of(list(make_source(**CANDLES, **way).deliveries(instrument, None))) for way in ways]
    assert frames[0].height == N_GBPUSD_M1
    assert all(f.equals(frames[0]) for f in frames[1:])


def test_few_rows_go_through_pymysql_and_many_through_bulk(candles: MariadbServer, make_source: MakeSource) -> None:
    source = make_source(**CANDLES, rows_per_window=20_000, increment_rows=17_000)
    instrument = _instrument(source, "GBPUSD", "M1")
    full = list(source.deliveries(instrument, None))
    assert {d.details["route"] for d in full} == {"pymysql", "connectorx"}
    assert list(source.deliveries(instrument, full[-1].watermark)) == []
    rest = list(source.deliveries(instrument, full[0].watermark))
    assert rows_of([full[0], *rest]).unique(["origin_row"]).height == N_GBPUSD_M1


def test_a_stream_that_ends_early_cannot_pass_as_complete(
    candles: MariadbServer, make_source: MakeSource, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = make_source(**CANDLES)
    instrument = _instrument(source, "EURUSD", "M5")
    whole = source._connection.bulk
    answers = [True, False]
    monkeypatch.setattr(
        source._connection, "bulk", lambda s: whole(s).head(500) if answers and answers.pop(0) else whole(s)
    )
    assert rows_of(list(source.deliveries(instrument, None))).height == N_EURUSD_M5
    assert "a bulk read ended early (500 rows)" in caplog.text
    monkeypatch.setattr(source._connection, "bulk", lambda s: whole(s).head(500))
    again = list(source.deliveries(instrument, None))
    assert rows_of(again).height == N_EURUSD_M5
    assert {d.details["route"] for d in again} == {"pymysql"}


def test_the_raw_store_holds_the_million_after_a_killed_ingest_and_a_second_run_writes_nothing(
    candles: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    store = RawStore(Lake(str(tmp_path / "lake")))
    source = make_source(**CANDLES, rows_per_window=100_000, max_attempts=1)
    instrument = _instrument(source, "EURUSD", "M1")
    committed: list[str] = []

    def kill_after_three(line: str) -> None:
        committed.append(line)
        if len(committed) == 3:
            candles.kill()

    try:
        with pytest.raises(SourceError, match="failed during a"):
            store.ingest(source, instrument, log=kill_after_three)
    finally:
        candles.start()
    assert len(committed) == 3
    again = make_source(**CANDLES, rows_per_window=100_000)
    store.ingest(again, instrument)
    found = store.read(PartitionKey("EURUSD", "M1"))
    _assert_equals_the_million(found.rows, candles)
    place = tmp_path / "lake" / "raw_bars"
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in place.rglob("*") if p.is_file()}
    manifest = store.ingest(again, instrument)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in place.rglob("*") if p.is_file()} == before
    assert manifest.version == 1
    assert sum(p.n_rows for p in manifest.parts) == N_EURUSD_M1
