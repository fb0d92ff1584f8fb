"""Every way a table may write times, prices and ids: same instants, same doubles, on both routes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from quant_core.timeframes import Timeframe
from quant_pipelines.sources.contract import Instrument
from tests.mysql.mariadb_server import MariadbServer
from tests.mysql.small_tables import PLAIN, ROUTES, MakeSource, fill_table, quarantined, read, rows_of

pytestmark = pytest.mark.mysql
_T0 = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("sql_type", "stored", "settings", "offset_us"),
    [
        ("DATETIME(6)", "'2020-01-01 00:00:00.000001'", {}, 1),
        ("DATETIME", "'2020-01-01 00:00:01'", {}, 1_000_000),
        ("TIMESTAMP(6) NULL", "'2020-01-01 00:00:00.123456'", {}, 123_456),
        ("DATE", "'2020-01-02'", {}, 86_400_000_000),
        ("INT", "1577836801", {"ts_unit": "s"}, 1_000_000),
        ("INT UNSIGNED", "1577836800", {"ts_unit": "s"}, 0),
        ("BIGINT", "1577836800001", {"ts_unit": "ms"}, 1_000),
        ("BIGINT UNSIGNED", "1577836800000001", {"ts_unit": "us"}, 1),
        ("BIGINT", "1577836800000001999", {"ts_unit": "ns"}, 1),
        ("BIGINT", "-1", {"ts_unit": "s"}, -int(_T0.timestamp() + 1) * 1_000_000),
        ("DATETIME", "'2020-01-01 09:00:00'", {"ts_zone": "Asia/Tokyo"}, 0),
        ("DATETIME", "'2020-01-01 00:01:00'", {"bar_stamp": "close"}, 0),
    ],
)
def test_every_time_type_gives_the_exact_instant(
    server: MariadbServer, make_source: MakeSource, route: str, sql_type: str, stored: str, settings: dict[str, Any],
    offset_us: int,
) -> None:  # fmt: skip
    columns = PLAIN.replace("DATETIME(6)", sql_type)
    fill_table(server, "times", columns, [f"('A', {stored}, 1, 2, 0.5, 1.5, 3)"])
    source = make_source(table="times", timeframe_col=None, timeframe="M1", bulk_reader=route, **settings)
    rows = rows_of(read(source))
    assert rows["ts"].to_list() == [_T0 + timedelta(microseconds=offset_us)]
    assert rows.select("open", "high", "low", "close", "volume").row(0) == (1.0, 2.0, 0.5, 1.5, 3.0)


@pytest.mark.parametrize("route", ROUTES)
def test_decimals_become_the_nearest_double_and_nulls_stay_null(
    server: MariadbServer, make_source: MakeSource, route: str
) -> None:
    texts = [
        "0.100000000000000005",
        "1.123456789012345678",
        "99999999999.999999999999999999",
        "12345678901.000000000000000001",
    ]
    texts += [f"{i}.{(i * 7919 * 10**13 + i) % 10**18:018d}" for i in range(2_000)]
    columns = "ts DATETIME(6), o DECIMAL(38,18), h FLOAT, l INT, c DECIMAL(38,18)"
    values = [
        f"('A', '2020-01-01' + INTERVAL {i} MINUTE, {t}, 0.1, NULL, {'NULL' if i % 3 else t})"
        for i, t in enumerate(texts)
    ]
    fill_table(server, "decimals", columns, values)
    names = {"open_col": "o", "high_col": "h", "low_col": "l", "close_col": "c", "volume_col": None}
    source = make_source(table="decimals", timeframe_col=None, timeframe="M1", bulk_reader=route, **names)
    rows = rows_of(read(source))
    assert rows["open"].to_list() == [float(Decimal(t)) for t in texts]
    assert rows["close"].to_list() == [None if i % 3 else float(Decimal(t)) for i, t in enumerate(texts)]
    assert rows["high"].unique().to_list() == [0.10000000149011612]
    assert rows["low"].null_count() == rows["volume"].null_count() == rows.height
    assert rows["raw_text"][0].startswith("ts_key=1577836800000000, open=0.1"), "a row without a price shows its values"


@pytest.mark.parametrize("route", ROUTES)
def test_scaled_integers_round_once(server: MariadbServer, make_source: MakeSource, route: str) -> None:
    columns = "ts DATETIME, open INT, high INT, low INT, close INT, volume INT"
    fill_table(server, "points", columns, [])
    server.load(
        "INSERT INTO points SELECT 'A', TIMESTAMP'2020-01-01 00:00:00' + INTERVAL seq MINUTE, seq, seq, seq, seq, seq"
        " FROM seq_1_to_50000"
    )
    source = make_source(table="points", timeframe_col=None, timeframe="M1", price_scale=0.00001, bulk_reader=route)
    rows = rows_of(read(source))
    assert rows["close"].to_list() == [float(f"{i}e-5") for i in range(1, 50_001)]
    assert rows["volume"][-1] == 50_000.0


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("chunk_minutes", [0, 60])
def test_rows_without_a_readable_time_are_quarantined_with_their_text(
    server: MariadbServer, make_source: MakeSource, route: str, chunk_minutes: int
) -> None:
    times = [
        "NULL",
        "'0000-00-00'",
        "'2020-00-15'",
        "'2020-02-31 10:00'",
        "'2020-02-29'",
        "'2020-03-02 09:00'",
        "'1650-01-01'",
    ]
    fill_table(server, "zeros", PLAIN, [f"('A', {t}, 1, 2, 0.5, 1.5, {i})" for i, t in enumerate(times)])
    keys: dict[str, Any] = {"table": "zeros", "timeframe_col": None, "timeframe": "M1", "bulk_reader": route}
    source = make_source(**keys, chunk_minutes=chunk_minutes, rows_per_window=1)
    found = read(source)
    assert rows_of(found)["ts"].dt.strftime("%m-%d %H").to_list() == ["02-29 00", "03-02 09"]
    assert rows_of(found)["origin_row"].to_list() == [2, 3]
    bad = quarantined(found)
    assert sorted(zip(bad["reason"], bad["origin"], bad["origin_row"], strict=True)) == [
        ("missing_ts", "marketdata.zeros!unreadable_ts", 1),
        ("ts_out_of_range", "marketdata.zeros", 1),
        ("unreadable_ts", "marketdata.zeros!unreadable_ts", 2),
        ("unreadable_ts", "marketdata.zeros!unreadable_ts", 3),
        ("unreadable_ts", "marketdata.zeros!unreadable_ts", 4),
    ]
    assert any("2020-02-31 10:00:00" in text for text in bad["raw_text"])
    assert sum(d.n_rows_in for d in found) == len(times), "every row of the table is delivered once"
    instrument = Instrument("A", Timeframe.M1, "always_open", "db", "A")
    again = list(source.deliveries(instrument, found[-1].watermark))
    assert not any("unreadable_ts" in d.origin for d in again), "what was quarantined is not delivered again"
    server.load("INSERT INTO zeros VALUES ('A', NULL, 9, 9, 9, 9, 9)")
    assert (
        quarantined(list(source.deliveries(instrument, found[-1].watermark)))
        .filter(pl.col("reason") == "missing_ts")
        .height
        == 2
    )


def test_integers_that_are_no_time_are_quarantined(server: MariadbServer, make_source: MakeSource) -> None:
    values = [
        f"('A', {t}, 1, 2, 0.5, 1.5, 3)" for t in ("18446744073709551615", "9223372036854775807", "1577836800", "NULL")
    ]
    fill_table(server, "epochs", PLAIN.replace("DATETIME(6)", "BIGINT UNSIGNED"), values)
    for route in ROUTES:
        source = make_source(table="epochs", timeframe_col=None, timeframe="M1", ts_unit="s", bulk_reader=route)
        found = read(source)
        assert rows_of(found)["ts"].to_list() == [_T0]
        assert sorted(quarantined(found)["reason"]) == ["missing_ts", "ts_out_of_range", "unreadable_ts"]


def test_clock_changes_are_quarantined_or_resolved_as_declared(server: MariadbServer, make_source: MakeSource) -> None:
    times = [
        "2020-03-08 01:59:00",
        "2020-03-08 02:30:00",
        "2020-11-01 00:59:00",
        "2020-11-01 01:30:00",
        "2020-11-01 02:00:00",
    ]
    fill_table(server, "clocks", PLAIN, [f"('A', '{t}', 1, 2, 0.5, 1.5, 3)" for t in times])
    keys: dict[str, Any] = {"table": "clocks", "timeframe_col": None, "timeframe": "M1", "ts_zone": "America/New_York"}
    found = read(make_source(**keys))
    assert rows_of(found)["ts"].dt.strftime("%d %H:%M").to_list() == ["08 06:59", "01 04:59", "01 07:00"]
    assert sorted(quarantined(found)["reason"]) == ["ambiguous_local_time", "nonexistent_local_time"]
    for choice, hour in (("earliest", 5), ("latest", 6)):
        assert rows_of(read(make_source(**keys, ambiguous_time=choice)))["ts"][2].hour == hour


def test_rows_that_share_a_time_stay_together_and_keep_their_numbers(
    server: MariadbServer, make_source: MakeSource
) -> None:
    rows = [
        f"('A', '2020-01-01 00:0{m}:00', {v}, 9, 0.5, 1.5, 3)"
        for m, v in ((0, 1), (1, 5), (1, 3), (1, 4), (1, 3), (2, 7))
    ]
    seen: list[pl.DataFrame] = []
    for order in (rows, rows[::-1]):
        fill_table(server, "ties", PLAIN, order)
        for size in (1, 2, 3, 100):
            for route in ROUTES:
                keys: dict[str, Any] = {"rows_per_window": size, "bulk_reader": route}
                source = make_source(table="ties", timeframe_col=None, timeframe="M1", **keys)
                found = read(source)
                seen.append(rows_of(found))
                resumed = list(source.deliveries(Instrument("A", Timeframe.M1, "x", "db", "A"), found[0].watermark))
                assert rows_of([found[0], *resumed]).unique(["origin_row"]).sort("origin_row").equals(seen[-1])
    assert seen[0]["open"].to_list() == [1, 3, 3, 4, 5, 7]
    assert seen[0]["origin_row"].to_list() == [1, 2, 3, 4, 5, 6]
    assert all(frame.equals(seen[0]) for frame in seen)


def test_chunk_windows_lose_nothing_between_minutes(server: MariadbServer, make_source: MakeSource) -> None:
    fill_table(server, "ticks", PLAIN, [])
    server.load(
        "INSERT INTO ticks SELECT 'A', TIMESTAMP'2020-01-01 00:00:00' + INTERVAL seq*1234567 MICROSECOND, 1, 2, 0.5,"
        " 1.5, seq FROM seq_1_to_3000"
    )
    keys: dict[str, Any] = {"table": "ticks", "timeframe_col": None, "timeframe": "M1"}
    whole = rows_of(read(make_source(**keys)))
    assert whole.height == 3_000
    for chunk in (1, 7):
        chunked = read(make_source(**keys, chunk_minutes=chunk))
        assert len(chunked) == (whole["ts"].dt.epoch("us") // (chunk * 60_000_000)).n_unique()
        assert rows_of(chunked).equals(whole)


@pytest.mark.parametrize("chunk_minutes", [0, 1])
def test_start_and_end_are_inclusive(server: MariadbServer, make_source: MakeSource, chunk_minutes: int) -> None:
    values = [f"('A', '2020-01-0{d} 00:00:00.00000{u}', 1, 2, 0.5, 1.5, {d}{u})" for d in (1, 2, 3) for u in (0, 1, 2)]
    fill_table(server, "bounds", PLAIN, values)
    keys: dict[str, Any] = {"table": "bounds", "timeframe_col": None, "timeframe": "M1", "chunk_minutes": chunk_minutes}
    both = make_source(**keys, start="2020-01-01T00:00:00.000001", end="2020-01-03T00:00:00.000001Z")
    assert rows_of(read(both))["volume"].to_list() == [11, 12, 20, 21, 22, 30, 31]
    days = make_source(**keys, start="2020-01-02", end="2020-01-02")
    assert rows_of(read(days))["volume"].to_list() == [20, 21, 22]
