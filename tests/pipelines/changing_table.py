"""Changing tables of a MySQL server: daily bars of several symbols, deleted and restated in place.

Put here: the tables, and the statements of a change.
Keep out: the changes (changing_bars.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.pipelines.changing_bars import ChangingBars, Closes, date_of

if TYPE_CHECKING:
    from tests.mysql.mariadb_server import MariadbServer

TABLES = {"R": "history_removing", "K": "history_keeping"}
"""First letter of a symbol → its table: rows that are deleted are removed of R symbols, and kept of K symbols."""
SOURCES = """
  removing: {kind: mysql, table: history_removing, timeframe_col: null, timeframe: D1, rows_per_window: 9,
    connect_timeout_seconds: 60, read_timeout_seconds: 60, quality: {withdrawn_rows: remove}}
  keeping: {kind: mysql, table: history_keeping, timeframe_col: null, timeframe: D1, rows_per_window: 9,
    connect_timeout_seconds: 60, read_timeout_seconds: 60}
"""


@dataclass
class ChangingTables(ChangingBars):
    """Two tables, changed by one transaction at a time.

    Attributes:
        server: where they are.
    """

    server: MariadbServer | None = None

    def __post_init__(self) -> None:
        prices = "open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE"
        self._run(*(
            f"CREATE OR REPLACE TABLE {table} (symbol VARCHAR(32), ts DATETIME, {prices}, KEY (symbol, ts))"
            for table in TABLES.values()
        ))  # fmt: skip

    def write(self, symbol: str, days: Closes) -> None:
        old, table = self.now.get(symbol, {}), TABLES[symbol[0]]
        statements: list[str] = []
        for day in sorted(old.keys() | days.keys()):
            close, stamp = days.get(day, 0) / 100, date_of(day)
            if day not in days:
                statements.append(f"DELETE FROM {table} WHERE symbol = '{symbol}' AND ts = '{stamp}'")
            elif day not in old:
                prices = f"{close}, {close + 1}, {close - 1}, {close}, {day[1] + 1}"
                statements.append(f"INSERT INTO {table} VALUES ('{symbol}', '{stamp}', {prices})")
            elif old[day] != days[day]:
                prices = f"open = {close}, high = {close + 1}, low = {close - 1}, close = {close}"
                statements.append(f"UPDATE {table} SET {prices} WHERE symbol = '{symbol}' AND ts = '{stamp}'")
        self._run(*statements)

    def _run(self, *statements: str) -> None:
        assert self.server is not None
        self.server.load(*statements)
