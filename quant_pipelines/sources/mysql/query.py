"""SQL text of a MySQL source, made from validated identifiers and bound or typed values only.

Put here: rendering of values, the WHERE clause of a series, the statements of the source.
Keep out: checking identifiers against the server (schema.py) and running statements (connection.py).
"""

# ruff: noqa: S608 - statements are made of validated, quoted identifiers and bound or typed values only.
from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from quant_core.errors import ConfigError
from quant_pipelines.sources.mysql.config import MysqlFilter
from quant_pipelines.sources.mysql.row_hash import crc_sql, hash_sql
from quant_pipelines.sources.mysql.schema import TIMES, Column, LiveTable, quoted

SqlValue = bool | int | float | str | bytes | date | datetime
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - DATETIME columns are wall clock; the zone is applied in rows.py
_MICROSECOND = timedelta(microseconds=1)
_LAST_US = (datetime(9999, 12, 31, 23, 59, 59, 999999) - EPOCH) // _MICROSECOND  # noqa: DTZ001
_SURROGATE = re.compile("[\ud800-\udfff]")
_PRICES = ("open", "high", "low", "close")


class Values(Protocol):
    """Where the values of a statement go."""

    def add(self, value: SqlValue) -> str:
        """Take a value, return the text that stands for it in the statement."""
        ...


@dataclass
class BoundValues:
    """Values bound by the driver; the statement holds only placeholders."""

    parameters: dict[str, SqlValue] = field(default_factory=dict[str, SqlValue])

    def add(self, value: SqlValue) -> str:
        """Return ``:v0``, ``:v1``, ….

        >>> values = BoundValues()
        >>> values.add("x' OR 1=1"), values.parameters
        (':v0', {'v0': "x' OR 1=1"})
        """
        key = f"v{len(self.parameters)}"
        self.parameters[key] = value
        return f":{key}"


@dataclass(frozen=True)
class LiteralValues:
    """Values as typed literals, for connectorx, which takes text without parameters."""

    def add(self, value: SqlValue) -> str:
        """Return the literal."""
        return literal(value)


def literal(value: SqlValue) -> str:
    r"""Render one value so that no byte of it can be read as SQL.

    Text and bytes are written in hexadecimal, so the statement holds only 0-9 and A-F of them; numbers and
    times are rendered from their parsed value, never from the text of the configuration.

    >>> literal("a' OR 1=1 --"), literal(b"\x00'"), literal(True), literal(-3), literal(1e-7)
    ("_utf8mb4 X'6127204F5220313D31202D2D'", "X'0027'", '1', '-3', '1e-07')
    >>> literal(datetime(2020, 1, 2, 3, 4, 5, 6)), literal(date(2020, 1, 2))
    ("TIMESTAMP'2020-01-02 03:04:05.000006'", "DATE'2020-01-02'")
    >>> literal("")
    "_utf8mb4 ''"
    """
    match value:
        case int():
            return str(int(value))
        case float() if math.isfinite(value):
            return repr(float(value))
        case datetime():
            return f"TIMESTAMP'{_wall(value).isoformat(sep=' ', timespec='microseconds')}'"
        case date():
            return f"DATE'{value.isoformat()}'"
        case bytes():
            return f"X'{value.hex().upper()}'"
        case str() if not _SURROGATE.search(value):
            encoded = value.encode("utf-8").hex().upper()
            return f"_utf8mb4 X'{encoded}'" if encoded else "_utf8mb4 ''"
        case _:
            raise ConfigError.at(
                "a SQL value", expected="a finite number, text, bytes, date or datetime", found=value,
                next_step="Correct the filter's value.",
            )  # fmt: skip


def _wall(value: datetime) -> datetime:
    """The UTC wall clock of an aware datetime; a naive one stays as it is."""
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Series:
    """One symbol and timeframe of a live table: what every statement of a delivery asks about.

    Attributes:
        symbol_value: value in the table's symbol column (an id where there is a lookup table).
        timeframe_value: value in the timeframe column; None = no timeframe filter.
    """

    table: LiveTable
    symbol_value: int | str | bytes
    timeframe_value: int | str | None
    filters: tuple[tuple[Column, MysqlFilter], ...] = ()

    @property
    def ts(self) -> str:
        """The quoted time column."""
        return quoted(self.table["ts"].name)

    @property
    def key(self) -> str:
        """The sort key as an integer: microseconds of wall clock, or the integer column itself; null = unreadable.

        Unreadable, not shifted, is also an unsigned integer beyond 64 signed bits, a time before the first that the
        server's functions know, and a day that its month does not have (stored under ALLOW_INVALID_DATES).
        """
        if self.table["ts"].data_type not in TIMES:
            return self._plain_key
        impossible = f"DAY({self.ts}) > 28 AND DAY({self.ts}) > DAY(LAST_DAY({self.ts}))"
        early = f"{self.ts} < {literal(EPOCH + self.first_key * _MICROSECOND)}"
        return f"IF({early} OR ({impossible}), NULL, {self._plain_key})"

    @property
    def _plain_key(self) -> str:
        """The sort key of a readable row; anything for another."""
        if self.table["ts"].data_type == "bigint":
            return f"CAST(IF({self.ts} > 9223372036854775807, NULL, {self.ts}) AS SIGNED)"
        if self.table["ts"].data_type not in TIMES:
            return f"CAST({self.ts} AS SIGNED)"
        return f"TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', {self.ts})"

    @property
    def row_hash(self) -> str:
        """A readable row's 64-bit hash (row_hash.py)."""
        return hash_sql(self._doubles(), self._plain_key)

    @property
    def _any_hash(self) -> str:
        """The hash of any row; one without a key has the text of its time in it."""
        unreadable = f"{crc_sql(self._doubles(), '0e0')} * IFNULL(CRC32({self.ts}), CAST(1 AS UNSIGNED))"
        return f"IFNULL({self.row_hash}, {unreadable})"

    def _doubles(self) -> list[str]:
        return [_double(self.table[c]) for c in (*_PRICES, *self._volume())]

    def key_value(self, key: int) -> SqlValue:
        """An integer key as a value that compares with the time column."""
        return EPOCH + key * _MICROSECOND if self.table["ts"].data_type in TIMES else key

    @property
    def first_key(self) -> int:
        """Smallest key that can be a bar's time; what sorts before it (null, zero dates) is unreadable."""
        if self.table["ts"].data_type == "timestamp":
            return 1_000_000
        return (datetime(1000, 1, 1) - EPOCH) // _MICROSECOND if self.table["ts"].data_type in TIMES else -(2**63)  # noqa: DTZ001

    @property
    def last_key(self) -> int:
        """Largest key the server can hold; a bound beyond it bounds nothing."""
        return _LAST_US if self.table["ts"].data_type in TIMES else 2**63 - 1

    def where(self, values: Values, lower: int | None = None, upper: int | None = None) -> str:
        """The predicate: symbol, timeframe, filters, ``lower ≤ key < upper``."""
        terms = self._identity_terms(values)
        if lower is not None:
            terms.append(f"{self.ts} >= {values.add(self.key_value(lower))}")
        if upper is not None and upper <= self.last_key:
            terms.append(f"{self.ts} < {values.add(self.key_value(upper))}")
        return " AND ".join(terms)

    def _identity_terms(self, values: Values) -> list[str]:
        terms = [f"{quoted(self.table['symbol'].name)} = {values.add(self.symbol_value)}"]
        if self.timeframe_value is not None:
            terms.append(f"{quoted(self.table['timeframe'].name)} = {values.add(self.timeframe_value)}")
        return terms + [predicate(column.name, f, values) for column, f in self.filters]

    def rows(self, values: Values, lower: int | None, upper: int | None, limit: int, *, with_hash: bool = False) -> str:
        """Rows of a span in key order: key, open, high, low, close, volume as integers and doubles, and their hash."""
        parts = [f"{self.key} AS bar_key", *(f"{_double(self.table[p])} AS {p}_value" for p in _PRICES)]
        if "volume" in self.table.columns:
            parts.append(f"{_double(self.table['volume'])} AS volume_value")
        if with_hash:
            parts.append(f"{self.row_hash} AS row_hash")
        return (
            f"SELECT {', '.join(parts)} FROM {self.table.name} "
            f"WHERE {self.where(values, self._from(lower), upper)} ORDER BY {self.ts} LIMIT {int(limit)}"
        )

    def _from(self, lower: int | None) -> int:
        return self.first_key if lower is None else lower

    def window_totals(
        self, values: Values, grid: tuple[int, int, int], lower: int | None = None, upper: int | None = None
    ) -> str:
        """Window, number of rows and sum of hashes of every window; null = rows of unreadable time.

        ``grid`` is first key, last key and length of the windows; keys outside count as the first or the last. Rows of
        unreadable time are counted whatever lower and upper are.
        """
        first, last, length = (int(n) for n in grid)
        window = f"(LEAST(GREATEST({self.key}, {first}), {last}) - ({first})) DIV {length}"
        where = self._with_unreadable(values, lower, upper)
        return (
            f"SELECT {window} AS window_index, COUNT(*) AS n_rows, SUM({self._any_hash}) AS checksum "
            f"FROM {self.table.name} WHERE {where} GROUP BY window_index"
        )

    def totals(self, values: Values, lower: int | None, upper: int | None) -> str:
        """Number of readable rows of a span, and the sum of their hashes."""
        where = f"{self.where(values, self._from(lower), upper)} AND {self.key} IS NOT NULL"
        return f"SELECT COUNT(*), SUM({self._any_hash}) FROM {self.table.name} WHERE {where}"

    def count(self, values: Values, lower: int | None = None, upper: int | None = None) -> str:
        """Number of rows of a span."""
        return f"SELECT COUNT(*) FROM {self.table.name} WHERE {self.where(values, lower, upper)}"

    def first_readable(self, values: Values, lower: int | None, upper: int | None) -> str:
        """Smallest readable key of a span; no row where there is none."""
        return (
            f"SELECT {self.key} FROM {self.table.name} WHERE {self.where(values, self._from(lower), upper)} "
            f"AND {self.key} IS NOT NULL ORDER BY {self.ts} LIMIT 1"
        )

    def newest_key(self, values: Values, upper: int | None) -> str:
        """Largest readable key before an upper one; no row where there is none."""
        return (
            f"SELECT {self.key} FROM {self.table.name} WHERE {self.where(values, self.first_key, upper)} "
            f"AND {self.key} IS NOT NULL ORDER BY {self.ts} DESC LIMIT 1"
        )

    def unreadable(self, values: Values, lower: int | None, upper: int | None, page: tuple[int, int]) -> str:
        """Rows whose time cannot be read, as texts, equal ones together, with their number and the sum of hashes."""
        names = ["ts", *_PRICES, *self._volume()]
        texts = ", ".join(f"CAST({quoted(self.table[n].name)} AS CHAR) AS {n}_text" for n in names)
        places = ", ".join(str(i + 1) for i in range(len(names)))
        return (
            f"SELECT {texts}, COUNT(*), SUM({self._any_hash}) FROM {self.table.name} "
            f"WHERE {self._with_unreadable(values, lower, upper)} AND {self.key} IS NULL "
            f"GROUP BY {places} ORDER BY {places} LIMIT {int(page[0])} OFFSET {int(page[1])}"
        )

    def _with_unreadable(self, values: Values, lower: int | None, upper: int | None) -> str:
        """The rows of a span, and those whose time sorts before every span."""
        if lower is None and upper is None:
            return self.where(values)
        first = values.add(self.key_value(self.first_key))
        span = [f"{self.ts} >= {values.add(self.key_value(self._from(lower)))}"]
        if upper is not None and upper <= self.last_key:
            span.append(f"{self.ts} < {values.add(self.key_value(upper))}")
        return f"{self.where(values)} AND ({' AND '.join(span)} OR {self.ts} IS NULL OR {self.ts} < {first})"

    def _volume(self) -> tuple[str, ...]:
        return ("volume",) if "volume" in self.table.columns else ()


def predicate(column: str, condition: MysqlFilter, values: Values) -> str:
    """One filter as SQL.

    >>> predicate("venue", MysqlFilter(column="venue", op="in", value=["A", "B"]), BoundValues())
    '`venue` IN (:v0, :v1)'
    >>> predicate("v", MysqlFilter(column="v", op="is_null", value=False), LiteralValues())
    '`v` IS NOT NULL'
    """
    name, value = quoted(column), condition.value
    if condition.op == "is_null":
        return f"{name} IS {'' if value else 'NOT '}NULL"
    if isinstance(value, list):
        rendered = [values.add(v) for v in value]
        return (
            f"{name} IN ({', '.join(rendered)})" if condition.op == "in" else f"{name} BETWEEN {' AND '.join(rendered)}"
        )
    if value is None:
        raise ConfigError.at(f"filters: {column}", expected="a value", found=None, next_step="Use op: is_null.")
    return f"{name} {'<>' if condition.op == '!=' else condition.op} {values.add(value)}"


def _double(column: Column) -> str:
    """A numeric column as DOUBLE: the server rounds DECIMAL correctly and widens FLOAT exactly."""
    return quoted(column.name) if column.data_type == "double" else f"({quoted(column.name)} + 0e0)"
