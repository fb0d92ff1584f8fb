"""Key tables: everything the lake holds about one key, each file read once.

Put here: rows, facts and provenance of the tables of a key, from memory where this run made them.
Keep out: which of them a stage may read (reader.py) and what is made of them (assets/).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from functools import cached_property

import polars as pl

from quant_core.bars import Bars
from quant_core.calendars import calendar_of
from quant_core.errors import DamagedFileError, LakeError
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.facts import Facts, digest
from quant_pipelines.lake.lake import Lake, holds
from quant_pipelines.lake.partitions import Key, PartitionKey, SymbolKey
from quant_pipelines.raw.published_bars import bars_version
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import RawRows, RawStore
from quant_pipelines.sources.catalog import native_timeframe

RAW_ROWS, SOURCES = "raw_rows", "sources"
"""Inputs that are no files of the key: the raw rows behind it, and what the sources have now."""


class KeyTables:
    """The tables of one key.

    A key of a symbol, or of everything, sees the partitions of a table that belong to it together.

    Args:
        lake: where the tables are.
        key: whose tables.
    """

    def __init__(self, lake: Lake, key: Key) -> None:
        self.lake, self.key = lake, key
        self._rows: dict[str, pl.DataFrame] = {}
        self.published: set[str] = set()
        self._facts: dict[tuple[str, Key], Facts | None] = {}
        self._damage: dict[tuple[str, Key], DamagedFileError] = {}

    def put(self, table: str, rows: pl.DataFrame, facts: Facts) -> None:
        """Keep what was just validated and published."""
        self._rows[table] = rows
        self.published.add(table)
        self._facts[table, self.key] = facts
        self._damage.pop((table, self.key), None)

    def forget(self, table: str) -> None:
        """Look at a table of the key anew: its file was set aside."""
        self._rows.pop(table, None)
        for seen in (self._facts, self._damage):
            for place in [p for p in seen if p[0] == table]:
                del seen[place]

    def keys_of(self, table: str) -> list[Key]:
        """The partitions of a table that this key sees, sorted: its own one, or all that belong to it."""
        if isinstance(self.key, PartitionKey) or self.lake.exists(table, self.key):
            return [self.key]
        symbol = self.key.symbol if isinstance(self.key, SymbolKey) else None
        return [k for k in self.lake.keys(table) if symbol is None or k.symbol == symbol]

    def facts(self, table: str, key: Key | None = None) -> Facts | None:
        """Provenance of a table's partition, the key's own by default; None where there is no file or a damaged one."""
        place = (table, self.key if key is None else key)
        if place not in self._facts:
            try:
                self._facts[place] = self.lake.facts(*place)
            except DamagedFileError as error:  # counts as missing; who asks why gets it from damage()
                self._facts[place], self._damage[place] = None, error
        return self._facts[place]

    def damage(self, table: str, key: Key | None = None) -> DamagedFileError | None:
        """What is wrong with the file of a table's partition, as far as its facts say."""
        place = (table, self.key if key is None else key)
        return self._damage.get(place) if self.facts(*place) is None else None

    def is_current(self, asset: str, facts: Facts, beside: Sequence[str] = ()) -> bool:
        """True when nothing is to be written: the key's files have these facts and today's schemas."""
        return holds(facts, asset, {table: self.facts(table) for table in (asset, *beside)})

    def rows(self, table: str) -> pl.DataFrame:
        """The rows of a table; with columns symbol and timeframe where they come from several partitions.

        Raises:
            LakeError: there are none; the text says how to make them.
            DamagedFileError: a file is not what was written.
        """
        if table not in self._rows:
            keys = self.keys_of(table)
            if keys == [self.key]:
                self._rows[table] = self.lake.read(table, self.key)
            else:
                several = [k for k in keys if isinstance(k, PartitionKey)]
                self.lake.refuse_damage(table, several)
                self._rows[table] = self.lake.scan(table, several).collect()
        return self._rows[table]

    def provenance(self, name: str) -> str:
        """One hash of where an input comes from; "" for the sources, which are asked each time.

        Raises:
            LakeError: the input is not there.
            DamagedFileError: it is there, and its facts are damaged.
            NotApplicableError: it cannot exist for this key.
        """
        if name == SOURCES:
            return ""
        if name == RAW_ROWS:
            return bars_version(self.manifest, self.native.timeframe, self.partition)
        keys = self.keys_of(name)
        for damage in (self.damage(name, key) for key in keys):
            if damage is not None:
                raise damage
        found = {str(k): facts.provenance for k in keys if (facts := self.facts(name, k)) is not None}
        if not found:
            raise LakeError(
                f"Table {name} of {self.key} is not in the lake at {self.lake.url}: expected it to be materialized "
                f"earlier. Materialize {name} for {self.key}, for example: qe launch research {self.key}"
            )
        return next(iter(found.values())) if list(found) == [str(self.key)] else digest(json.dumps(found).encode())

    @property
    def partition(self) -> PartitionKey:
        """The key, which must be a symbol at a timeframe.

        Raises:
            LakeError: it is not.
        """
        if not isinstance(self.key, PartitionKey):
            raise LakeError(f"Raw rows and bars belong to a symbol and timeframe: found {self.key}. Read them by key.")
        return self.key

    @cached_property
    def store(self) -> RawStore:
        """The raw store of the lake."""
        return RawStore(self.lake)

    @cached_property
    def native(self) -> PartitionKey:
        """Symbol and native timeframe that the key's bars are made from.

        Raises:
            NotApplicableError: the symbol exists only at coarser timeframes.
            LakeError: the symbol was never delivered.
        """
        symbol = self.partition.symbol
        stored = self.store.native_timeframes(symbol)
        return PartitionKey(symbol, native_timeframe(self.partition, stored, "the raw store").value)

    @cached_property
    def manifest(self) -> Manifest:
        """What was delivered for the native key.

        Raises:
            LakeError: nothing was.
        """
        found = self.store.manifest(self.native)
        if found is None:
            raise LakeError(
                f"Raw rows of {self.native} are not in the lake: expected raw_bars first. Run the job ingest."
            )
        return found

    def raw(self) -> RawRows:
        """The current raw rows at the native timeframe."""
        return self.store.read(self.native)

    def forget_raw(self) -> None:
        """Look at the raw store anew: a delivery was taken in."""
        for name in ("native", "manifest"):
            self.__dict__.pop(name, None)

    @property
    def calendar(self) -> str:
        """Id of the symbol's calendar, as its bars have it; "" before there are any."""
        facts = self.facts("bars") if isinstance(self.key, PartitionKey) else None
        return "" if facts is None else facts.calendar

    def bars(self, start: date | None = None, end: date | None = None) -> Bars:
        """The bars of the sessions from start to end inclusive; None: no bound."""
        frame = self.rows("bars")
        if start is not None:
            frame = frame.filter(pl.col("session_date") >= start)
        if end is not None:
            frame = frame.filter(pl.col("session_date") <= end)
        return Bars(frame, self.partition.symbol, Timeframe(self.partition.timeframe), calendar_of(self.calendar))
