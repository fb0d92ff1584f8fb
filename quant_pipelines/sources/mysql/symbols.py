"""Names to stored values and back: symbols (through a look-up table or not) and timeframe spellings.

Put here: which symbols and timeframes a table holds and how it writes them.
Keep out: bars (read.py) and identifier checks (schema.py).
"""

# ruff: noqa: S608 - statements are made of validated, quoted identifiers and bound or typed values only.
from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from quant_core.errors import ConfigError, SourceError, UnknownNameError
from quant_core.shown_text import quoted as quoted_text
from quant_core.timeframes import Timeframe, parse_timeframe
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.connection import MysqlConnection
from quant_pipelines.sources.mysql.query import BoundValues, predicate
from quant_pipelines.sources.mysql.schema import INTEGERS, LiveLookup, LiveTable, quoted

_LOG = logging.getLogger(__name__)
_BINARY = frozenset({"binary", "varbinary", "blob", "tinyblob"})
SymbolValue = int | str | bytes


@dataclass(frozen=True)
class Directory:
    """What a table holds, in our names and in its own."""

    connection: MysqlConnection
    config: MysqlConfig
    table: LiveTable
    lookup: LiveLookup | None

    def series_of_table(self) -> list[tuple[str, Timeframe]]:
        """Every (table's symbol name, timeframe) with at least one row, sorted; unreadable timeframes are logged."""
        symbol = quoted(self.table["symbol"].name)
        columns = [symbol]
        if "timeframe" in self.table.columns:
            columns.append(quoted(self.table["timeframe"].name))
        values = BoundValues()
        terms = [predicate(self.table[f"filter:{f.column}"].name, f, values) for f in self.config.filters]
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        listed = ", ".join(columns)
        # GROUP BY over an index's first columns is a loose scan: one step per series, not one per bar.
        rows = self.connection.run(
            f"SELECT {listed} FROM {self.table.name}{where} GROUP BY {listed}", values.parameters
        )
        names = self._names_by_value()
        found: set[tuple[str, Timeframe]] = set()
        for row in rows:
            timeframe = self.config.timeframe or self._timeframe_of(row[1])
            if row[0] is None or (names is not None and row[0] not in names):
                _LOG.warning(
                    "%s: rows of symbol id %s have no name in the look-up table; left out",
                    self.table.label,
                    quoted_text(row[0]),
                )
            elif timeframe is not None:
                found.add((str(row[0]) if names is None else names[row[0]], timeframe))
        return sorted(found, key=lambda s: (s[0], s[1].minutes))

    def symbol_values(self, names: Iterable[str]) -> dict[str, SymbolValue]:
        """The stored value of each name.

        Raises:
            UnknownNameError: some names are not there; all of them are listed, with suggestions.
            SourceError: one name has several ids.
        """
        wanted = list(dict.fromkeys(names))
        found = self._values_by_lookup(wanted) if self.lookup is not None else self._values_by_table(wanted)
        missing = [n for n in wanted if n not in found]
        if missing:
            raise _missing(missing, self._known_names(), self.table.label)
        return found

    def timeframe_value(self, symbol_value: SymbolValue, timeframe: Timeframe) -> int | str | None:
        """How the table writes a timeframe; None where it has no timeframe column.

        Raises:
            UnknownNameError: the symbol has no rows of that timeframe.
            ConfigError: it has them under several spellings.
        """
        if "timeframe" not in self.table.columns:
            return None
        if timeframe in self.config.timeframe_values:
            return self.config.timeframe_values[timeframe]
        column, symbol = quoted(self.table["timeframe"].name), quoted(self.table["symbol"].name)
        values = BoundValues()
        rows = self.connection.run(
            f"SELECT {column} FROM {self.table.name} WHERE {symbol} = {values.add(symbol_value)} GROUP BY {column}",
            values.parameters,
        )
        same = [r[0] for r in rows if self._timeframe_of(r[0]) is timeframe]
        if len(same) > 1:
            raise ConfigError(
                f"{self.table.label} writes timeframe {timeframe.value} in several ways: {same}. "
                f"Choose one: timeframe_values: {{{timeframe.value}: {same[0]}}}."
            )
        if not same:
            where = f"{self.table.label}, symbol of the request"
            raise UnknownNameError.among("timeframe", timeframe.value, [str(r[0]) for r in rows], where=where)
        return same[0]

    def _timeframe_of(self, value: Any) -> Timeframe | None:
        """Our timeframe of a stored spelling (an integer counts minutes); None, logged, where it is none of ours."""
        for timeframe, spelling in self.config.timeframe_values.items():
            if spelling == value:
                return timeframe
        try:
            return parse_timeframe(f"{value}min" if isinstance(value, int) else str(value))
        except ConfigError as error:
            _LOG.warning("%s: rows of timeframe %s left out. %s", self.table.label, quoted_text(value), error)
            return None

    def _values_by_lookup(self, names: list[str]) -> dict[str, SymbolValue]:
        lookup = self._needed_lookup()
        values = BoundValues()
        listed = ", ".join(values.add(n) for n in names)
        rows = self.connection.run(
            f"SELECT {lookup.symbol}, {lookup.id} FROM {lookup.name} WHERE {lookup.symbol} IN ({listed})",
            values.parameters,
        )
        found: dict[str, SymbolValue] = {}
        for name, value in rows:
            if name in found and found[name] != value:
                raise SourceError(f"{lookup.name}: symbol {name!r} has several ids. Make {lookup.symbol} unique.")
            found[str(name)] = _plain(value)
        return {n: found[n] for n in names if n in found}

    def _values_by_table(self, names: list[str]) -> dict[str, SymbolValue]:
        column = self.table["symbol"]
        if column.data_type in _BINARY:
            raise ConfigError(
                f"{self.table.label}: column {column.name} holds binary ids, so names need symbol_lookup_table. "
                "Set symbol_lookup_table, symbol_lookup_symbol_col and symbol_lookup_id_col."
            )
        found: dict[str, SymbolValue] = {}
        for name in names:
            if column.data_type in INTEGERS and not name.lstrip("-").isdigit():
                continue
            value: SymbolValue = int(name) if column.data_type in INTEGERS else name
            values = BoundValues()
            quoted_name = quoted(column.name)
            live = self.connection.scalar(
                f"SELECT {quoted_name} FROM {self.table.name} WHERE {quoted_name} = {values.add(value)} LIMIT 1",
                values.parameters,
            )
            # A case-insensitive collation also finds other spellings; those are suggested, not taken.
            if live == value:
                found[name] = value
        return found

    def _known_names(self) -> list[str]:
        """All names the table or its look-up table knows."""
        names = self._names_by_value()
        return sorted(names.values()) if names is not None else sorted({s for s, _ in self.series_of_table()})

    def _names_by_value(self) -> dict[Any, str] | None:
        """Stored id → name; None without a look-up table."""
        if self.lookup is None:
            return None
        rows = self.connection.run(f"SELECT {self.lookup.id}, {self.lookup.symbol} FROM {self.lookup.name}")
        return {r[0]: str(r[1]) for r in rows}

    def _needed_lookup(self) -> LiveLookup:
        if self.lookup is None:
            raise ConfigError(f"{self.table.label} has no look-up table configured.")
        return self.lookup


def _plain(value: Any) -> SymbolValue:
    """An id as a value that can be bound and rendered: whole number, text or bytes."""
    if isinstance(value, int | str | bytes):
        return value
    raise ConfigError.at(
        "symbol_lookup_id_col", expected="an integer, text or binary id", found=type(value).__name__,
        next_step="Choose the id column.",
    )  # fmt: skip


def _missing(missing: list[str], known: list[str], label: str) -> UnknownNameError:
    """All missing symbols in one error, each with its closest known names."""
    parts: list[str] = []
    for name in missing:
        folded = {k.lower(): k for k in known}
        close = difflib.get_close_matches(name.lower(), list(folded), n=3, cutoff=0.5)
        hint = " (did you mean " + ", ".join(repr(folded[c]) for c in close) + "?)" if close else ""
        parts.append(f"{name!r}{hint}")
    return UnknownNameError(
        f"{label} does not know {len(missing)} requested symbol(s): {'; '.join(parts)}. It knows {len(known)} symbols. "
        "Correct symbols: of the source."
    )
