"""Identifiers of a MySQL source, checked against the live schema before any of them enters a statement.

Put here: quoting, look-up of tables and columns in information_schema, type and index checks.
Keep out: statements about bars (query.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from quant_core.errors import ConfigError, UnknownNameError
from quant_pipelines.sources.mysql.config import MysqlConfig

TIMES = frozenset({"datetime", "timestamp", "date"})
INTEGERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
NUMBERS = INTEGERS | {"decimal", "float", "double"}
_NAME = re.compile(r"[\w$][\w$ .\-]{0,63}")
_FIELDS = ("symbol", "ts", "open", "high", "low", "close", "volume", "timeframe")


@dataclass(frozen=True)
class Column:
    """A live column: its exact name and its type."""

    name: str
    data_type: str


@dataclass(frozen=True)
class LiveTable:
    """A table that exists: its quoted name, its label and the columns the configuration maps.

    Attributes:
        columns: role (``symbol``, ``ts``, ``open``, …) or filter column → live column.
        has_series_index: True where an index starts with symbol (and timeframe) and continues with ts.
    """

    name: str
    label: str
    columns: dict[str, Column]
    has_series_index: bool = True

    def __getitem__(self, role: str) -> Column:
        return self.columns[role]


@dataclass(frozen=True)
class LiveLookup:
    """A live look-up table: quoted table, symbol and id columns."""

    name: str
    symbol: str
    id: str


def quoted(name: str) -> str:
    """Quote an identifier; names with characters that need escaping are refused, not escaped.

    >>> quoted("close")
    '`close`'
    >>> quoted("x`; DROP TABLE y; --")
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Wrong value at a SQL identifier: expected letters, digits, ...
    """
    if not _NAME.fullmatch(name):
        raise ConfigError.at(
            "a SQL identifier", expected="letters, digits, _ $ . - and spaces, at most 64", found=name,
            next_step="Rename it or map it through a view.",
        )  # fmt: skip
    return f"`{name}`"


def _live_name(kind: str, wanted: str, known: Iterable[str], where: str) -> str:
    """The exact live spelling of a configured name, or an error with suggestions."""
    names = list(known)
    quoted(wanted)
    if wanted in names:
        return wanted
    same = [n for n in names if n.lower() == wanted.lower()]
    if len(same) == 1:
        return same[0]
    raise UnknownNameError.among(kind, wanted, names, where=where)


def _database(connection: Connection, config: MysqlConfig) -> str:
    """The database to read: the configured one or the DSN's."""
    visible = connection.execute(text("SELECT schema_name FROM information_schema.schemata")).scalars().all()
    wanted = config.schema_name
    if wanted is None:
        wanted = connection.execute(text("SELECT DATABASE()")).scalar()
    if wanted is None:
        raise ConfigError("No database is named: set schema: in the source, or put one in the DSN.")
    return _live_name("schema", str(wanted), [str(v) for v in visible], "schema")


def _columns(connection: Connection, database: str, table: str, where: str) -> tuple[str, dict[str, str]]:
    """Exact table name and its columns with types."""
    tables = connection.execute(
        text("SELECT table_name FROM information_schema.tables WHERE table_schema = :s"), {"s": database}
    ).scalars()
    live = _live_name("table", table, [str(t) for t in tables], where)
    rows = connection.execute(
        text(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = :s AND table_name = :t"
        ),
        {"s": database, "t": live},
    ).all()
    return live, {str(r[0]): str(r[1]).lower() for r in rows}


def live_table(connection: Connection, config: MysqlConfig) -> LiveTable:
    """Resolve the configured table and columns.

    Raises:
        UnknownNameError: a schema, table or column does not exist; with suggestions.
        ConfigError: a column's type cannot be read as what it is mapped to.
    """
    database = _database(connection, config)
    table, types = _columns(connection, database, config.table, "table")
    columns: dict[str, Column] = {}
    for role in _FIELDS:
        wanted: str | None = getattr(config, f"{role}_col")
        if wanted is not None:
            name = _live_name("column", wanted, types, f"{role}_col")
            columns[role] = Column(name, types[name])
    for f in config.filters:
        name = _live_name("column", f.column, types, "filters")
        columns[f"filter:{f.column}"] = Column(name, types[name])
    _check_types(columns, config)
    label = f"{database}.{table}"
    indexed = _has_series_index(connection, database, table, columns)
    return LiveTable(f"{quoted(database)}.{quoted(table)}", label, columns, indexed)


def _check_types(columns: dict[str, Column], config: MysqlConfig) -> None:
    """Refuse columns whose type would have to be guessed."""
    ts = columns["ts"]
    if ts.data_type not in TIMES | INTEGERS:
        raise ConfigError.at(
            f"ts_col {ts.name}", expected="DATETIME, TIMESTAMP, DATE or an integer epoch", found=ts.data_type,
            next_step="Map it through a view that converts it.",
        )  # fmt: skip
    if (ts.data_type in INTEGERS) != (config.ts_unit is not None):
        raise ConfigError.at(
            "ts_unit",
            expected=f"{'s, ms, us or ns' if ts.data_type in INTEGERS else 'nothing'} for a {ts.data_type} column",
            found=config.ts_unit, next_step="A value near 1.7e9 counts s, 1.7e12 ms, 1.7e15 us, 1.7e18 ns.",
        )  # fmt: skip
    if ts.data_type not in {"datetime", "date"} and config.ts_zone != "UTC":
        raise ConfigError.at(
            "ts_zone", expected=f"UTC for a {ts.data_type} column (its values are instants)", found=config.ts_zone,
            next_step="Remove ts_zone.",
        )  # fmt: skip
    for role in ("open", "high", "low", "close", "volume"):
        column = columns.get(role)
        if column is not None and column.data_type not in NUMBERS:
            raise ConfigError.at(
                f"{role}_col {column.name}", expected="DECIMAL, DOUBLE, FLOAT or an integer", found=column.data_type,
                next_step="Map it through a view that converts it.",
            )  # fmt: skip


def _has_series_index(connection: Connection, database: str, table: str, columns: dict[str, Column]) -> bool:
    """True where the rows of a series can be read in key order from an index."""
    rows = connection.execute(
        text(
            "SELECT index_name, column_name FROM information_schema.statistics "
            "WHERE table_schema = :s AND table_name = :t ORDER BY index_name, seq_in_index"
        ),
        {"s": database, "t": table},
    ).all()
    indexes: dict[str, list[str]] = {}
    for index, column in rows:
        indexes.setdefault(str(index), []).append(str(column))
    symbol, ts = columns["symbol"].name, columns["ts"].name
    before_ts = [{symbol}] + ([{symbol, columns["timeframe"].name}] if "timeframe" in columns else [])
    return any(ts in names and set(names[: names.index(ts)]) in before_ts for names in indexes.values())


def live_lookup(connection: Connection, config: MysqlConfig) -> LiveLookup | None:
    """Resolve the configured look-up table, or None where there is none."""
    if config.symbol_lookup_table is None:
        return None
    database = _database(connection, config)
    table, types = _columns(connection, database, config.symbol_lookup_table, "symbol_lookup_table")
    symbol = _live_name("column", config.symbol_lookup_symbol_col, types, "symbol_lookup_symbol_col")
    identity = _live_name("column", config.symbol_lookup_id_col, types, "symbol_lookup_id_col")
    return LiveLookup(f"{quoted(database)}.{quoted(table)}", quoted(symbol), quoted(identity))
