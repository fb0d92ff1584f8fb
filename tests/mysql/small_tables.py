"""Small tables for the MySQL tests, and reading them through the source with every contract checked."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from quant_core.tables import quarantine, raw_rows
from quant_core.timeframes import Timeframe
from quant_pipelines.sources.contract import Delivery, Instrument
from quant_pipelines.sources.mysql.source import MysqlSource
from tests.mysql.mariadb_server import MariadbServer

MakeSource = Callable[..., MysqlSource]
ROUTES = ("connectorx", "pymysql")
PLAIN = "ts DATETIME(6), open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE"


def fill_table(
    server: MariadbServer, name: str, columns: str, values: list[str], keys: str = "KEY (symbol, ts)"
) -> None:
    server.load(f"CREATE OR REPLACE TABLE `{name}` (symbol VARCHAR(32), {columns}, {keys})")
    if values:
        server.load(f"INSERT INTO `{name}` VALUES {', '.join(values)}")


def read(source: MysqlSource, symbol: str = "A", timeframe: Timeframe = Timeframe.M1) -> list[Delivery]:
    found = list(source.deliveries(Instrument(symbol, timeframe, "always_open", "db", symbol), None))
    for d in found:
        raw_rows.TABLE.validate(d.rows)
        quarantine.TABLE.validate(d.quarantine)
        assert d.n_rows_in == d.rows.height + d.quarantine.height
    return found


def rows_of(deliveries: list[Delivery]) -> pl.DataFrame:
    return pl.concat([d.rows for d in deliveries])


def quarantined(deliveries: list[Delivery]) -> pl.DataFrame:
    return pl.concat([d.quarantine for d in deliveries])
