"""Names, ids, filters and attacks: what the configuration may say, and that it can never become SQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from quant_core.errors import ConfigError, QuantError, UnknownNameError
from quant_core.timeframes import Timeframe
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.sources.mysql.query import BoundValues, literal
from tests.mysql.mariadb_server import MariadbServer
from tests.mysql.small_tables import PLAIN, ROUTES, MakeSource, fill_table, read, rows_of
from tests.mysql.test_mysql_query import ATTACKS

pytestmark = pytest.mark.mysql


@pytest.mark.parametrize(
    ("id_type", "a", "b"),
    [
        ("INT", "7", "8"),
        ("BIGINT UNSIGNED", "18446744073709551615", "1"),
        ("CHAR(36)", "'a''b'", "'c'"),
        ("BINARY(16)", "UNHEX('00270A5C220000000000000000000000')", "UNHEX(REPEAT('FF', 16))"),
    ],
)
def test_ids_of_every_type_are_looked_up(
    server: MariadbServer, make_source: MakeSource, id_type: str, a: str, b: str
) -> None:
    columns = f"sid {id_type}, tf INT, {PLAIN}, KEY (sid, tf, ts)"
    server.load(
        f"CREATE OR REPLACE TABLE ids (id {id_type}, symbol VARCHAR(32) CHARACTER SET latin1)",
        f"INSERT INTO ids VALUES ({a}, 'Ä/B'), ({b}, 'B')",
        f"CREATE OR REPLACE TABLE by_id ({columns})",
        f"INSERT INTO by_id VALUES ({a}, 60, '2020-01-01', 1, 2, 0.5, 1.5, 3)",
        f"INSERT INTO by_id VALUES ({b}, 1, '2020-01-01', 1, 2, 0.5, 1.5, 4)",
    )
    keys: dict[str, Any] = {"table": "by_id", "symbol_col": "sid", "timeframe_col": "tf", "symbol_lookup_table": "ids"}
    for route in ROUTES:
        source = make_source(**keys, bulk_reader=route, symbols={"AB": "Ä/B"})
        instruments = source.instruments()
        assert [(i.symbol, i.vendor_symbol, i.timeframe) for i in instruments] == [("AB", "Ä/B", Timeframe.H1)]
        rows = rows_of(list(source.deliveries(instruments[0], None)))
        assert rows.select("symbol", "vendor_symbol", "timeframe", "volume").rows() == [("AB", "Ä/B", "H1", 3.0)]


def test_a_name_that_is_no_symbol_costs_its_series_and_an_alias_mends_it(
    server: MariadbServer, make_source: MakeSource
) -> None:
    names = ("EUR/USD", "GBPUSD", "a b", "EUR-USD")
    fill_table(server, "pairs", PLAIN, [f"('{name}', '2020-01-01', 1, 2, 0.5, 1.5, 3)" for name in names])
    keys: dict[str, Any] = {"table": "pairs", "timeframe_col": None, "timeframe": "M1"}
    sources = Sources([make_source(**keys)])
    assert sources.symbols() == ["EUR-USD", "GBPUSD"]
    assert sources.failed == {}
    refused = sources.refused()
    assert sorted(refused) == ["db: EUR/USD", "db: a b"]
    assert 'Fix: symbol_aliases: {"EUR/USD": EUR-USD} in sources.yaml: sources.db' in refused["db: EUR/USD"]
    assert 'symbol_aliases: {"a b": a_b}' in refused["db: a b"]
    assert "symbol_aliases" in Sources([make_source(**keys, symbols=["EUR/USD", "GBPUSD"])]).refused()["db: EUR/USD"]
    for symbols in (None, ["EUR/USD", "GBPUSD"]):
        source = make_source(**keys, symbols=symbols, symbol_aliases={"EUR/USD": "EURUSD"})
        first = next(i for i in source.instruments() if i.symbol == "EURUSD")
        rows = rows_of(list(source.deliveries(first, None)))
        assert rows.select("symbol", "vendor_symbol").rows() == [("EURUSD", "EUR/USD")]
        assert list(source.refused()) == ([] if symbols else ["a b"])
    twice = Sources([make_source(**keys, symbol_aliases={"EUR/USD": "EUR-USD"})])
    assert "is that of" in next(r for o, r in twice.refused().items() if "EUR" in o)
    with pytest.raises(ConfigError, match="symbol_aliases: EUR/USD: expected letters"):
        make_source(**keys, symbol_aliases={"EUR/USD": "EUR/USD"})


def test_missing_names_are_refused_with_suggestions(server: MariadbServer, make_source: MakeSource) -> None:
    fill_table(server, "names", PLAIN, ["('EURUSD', '2020-01-01', 1, 2, 0.5, 1.5, 3)"])
    keys: dict[str, Any] = {"table": "names", "timeframe_col": None, "timeframe": "M1"}
    wrong: list[tuple[dict[str, Any], str]] = [
        (
            {"symbols": ["EURUSD", "eurusd", "EURUSX", "ZZZZ"]},
            r"3 requested.*'eurusd' \(did you mean 'EURUSD'.*'EURUSX'.*'ZZZZ'",
        ),
        ({"table": "nams"}, "Did you mean 'names'"),
        ({"schema": "marketdat"}, "Did you mean 'marketdata'"),
        ({"open_col": "opne"}, "Did you mean 'open'"),
        ({"symbol_lookup_table": "nmes"}, "Did you mean 'names'"),
        ({"filters": [{"column": "volme", "op": "=", "value": 1}]}, "Did you mean 'volume'"),
    ]
    for settings, text in wrong:
        with pytest.raises(UnknownNameError, match=text):
            make_source(**(keys | settings)).instruments()
    for settings in ({"ts_col": "symbol"}, {"open_col": "ts"}, {"ts_unit": "s"}):
        with pytest.raises(ConfigError):
            make_source(**(keys | settings)).instruments()
    assert [i.symbol for i in make_source(**(keys | {"table": "NAMES", "open_col": "OPEN"})).instruments()] == [
        "EURUSD"
    ]


_NAME_FIELDS = ("schema", "table", "symbol_col", "ts_col", "open_col", "high_col", "low_col", "close_col", "volume_col",
    "timeframe_col", "symbol_lookup_table", "symbol_lookup_symbol_col", "symbol_lookup_id_col")  # fmt: skip


def test_attacks_in_every_option_change_nothing(server: MariadbServer, make_source: MakeSource) -> None:
    names = ["", "x`; DROP TABLE attacked; --", "x' OR '1'='1", ":v0"]
    listed = ", ".join(f"({literal(a)}, 'M1', '2020-01-01', 1, 2, 0.5, 1.5, {i})" for i, a in enumerate(ATTACKS))
    server.load(
        f"CREATE OR REPLACE TABLE attacked (symbol VARCHAR(99) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,"
        f" timeframe VARCHAR(9), {PLAIN}, KEY (symbol, timeframe, ts))",
        f"INSERT INTO attacked VALUES {listed}",
    )
    for field in _NAME_FIELDS:
        for attack in names:
            lookup = {"symbol_lookup_table": "attacked"} if field.startswith("symbol_lookup") else {}
            with pytest.raises(QuantError):
                make_source(**({"table": "attacked"} | lookup | {field: attack})).instruments()
    for route in ROUTES:
        for i, attack in enumerate(ATTACKS):
            if not attack:
                continue
            only_itself = [{"column": "symbol", "op": "in", "value": [attack, "' OR 1=1 -- "]}]
            source = make_source(table="attacked", bulk_reader=route, filters=only_itself, symbols={"X": attack})
            assert [(x.symbol, x.vendor_symbol) for x in source.instruments()] == [("X", attack)]
            assert rows_of(read(source, attack))["volume"].to_list() == [float(i)]
    with pytest.raises(QuantError):
        read(
            make_source(table="attacked", timeframe_values={"M1": "x' OR '1'='1"}, symbols=["nobody' OR '1'='1"]),
            "x' OR 1=1",
        )
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM attacked")
        assert cursor.fetchone() == (len(ATTACKS),)


def test_text_literals_mean_the_same_text_on_the_server(make_source: MakeSource) -> None:
    source = make_source()
    for attack in ATTACKS:
        values = BoundValues()
        bound = source._connection.scalar(f"SELECT HEX({values.add(attack)}) AS x", values.parameters)
        frame = source._connection.bulk(f"SELECT HEX({literal(attack)}) AS x")
        assert frame["x"].to_list() == [bound] == [attack.encode().hex().upper()]


def test_filters_select_rows_on_both_routes(server: MariadbServer, make_source: MakeSource) -> None:
    values = [
        f"('A', '2020-01-01' + INTERVAL {i} MINUTE, 1, 2, 0.5, 1.5, {'NULL' if i == 5 else i})" for i in range(10)
    ]
    fill_table(server, "filtered", PLAIN, values)
    cases: list[tuple[dict[str, Any], list[int | None]]] = [
        ({"column": "volume", "op": "=", "value": 3}, [3]),
        ({"column": "volume", "op": "!=", "value": 3}, [0, 1, 2, 4, 6, 7, 8, 9]),
        ({"column": "volume", "op": "<", "value": 1.5}, [0, 1]),
        ({"column": "volume", "op": "<=", "value": 1}, [0, 1]),
        ({"column": "volume", "op": ">", "value": 8}, [9]),
        ({"column": "volume", "op": ">=", "value": 8}, [8, 9]),
        ({"column": "volume", "op": "in", "value": [2, 4]}, [2, 4]),
        ({"column": "volume", "op": "between", "value": [2, 4]}, [2, 3, 4]),
        ({"column": "volume", "op": "is_null", "value": True}, [None]),
        ({"column": "volume", "op": "is_null", "value": False}, [0, 1, 2, 3, 4, 6, 7, 8, 9]),
        ({"column": "ts", "op": ">", "value": datetime(2020, 1, 1, 0, 8, tzinfo=UTC)}, [9]),
    ]  # fmt: skip
    for condition, expected in cases:
        for route in ROUTES:
            source = make_source(
                table="filtered", timeframe_col=None, timeframe="M1", filters=[condition], bulk_reader=route
            )
            assert rows_of(read(source))["volume"].to_list() == expected
