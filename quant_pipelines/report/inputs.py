"""What a report reads: the tables of one symbol and the marts over all of them.

Put here: reading, and whether a table is older than what it was made from.
Keep out: what the report says about it.
"""

from __future__ import annotations

from functools import cached_property

import polars as pl

from quant_core.spec import ResearchSpec
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import TIMEFRAMES, PartitionKey
from quant_pipelines.lake.query import read_mart
from quant_pipelines.lake.unpartitioned import table_exists
from quant_pipelines.raw.published_bars import bars_version
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import RawRows, RawStore
from quant_pipelines.sources.catalog import native_timeframe

TABLES_OF_REPORT = ("bars", "quality", "quarantine", "market_stats", "seasonality_profiles", "seasonality_stability")
MARTS_OF_REPORT = ("mart__market_stats_top", "mart__market_stats_heatmap", "mart__seasonality_profiles")
_SECTIONS = {
    "market_stats": "market_stats",
    "seasonality_profiles": "seasonality",
    "seasonality_stability": "seasonality",
}


class MartShelf:
    """The marts, read once for any number of reports."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._read: dict[str, pl.DataFrame | None] = {}

    def rows(self, name: str, symbol: str, timeframe: str) -> pl.DataFrame | None:
        """One partition's rows of a mart; None where the mart was never built."""
        if name not in self._read:
            self._read[name] = read_mart(name, self._lake) if table_exists(self._lake, name) else None
        mart = self._read[name]
        return None if mart is None else mart.filter(symbol=symbol, timeframe=timeframe)


class SymbolInputs:
    """The tables of one symbol.

    Attributes:
        keys: its partitions with bars, shortest timeframe first.
    """

    def __init__(self, lake: Lake, research: ResearchSpec, symbol: str, shelf: MartShelf) -> None:
        self.lake, self.research, self.symbol = lake, research, symbol
        self._shelf = shelf
        candidates = [PartitionKey(symbol, timeframe) for timeframe in TIMEFRAMES]
        self.keys = [key for key in candidates if lake.exists("bars", key)]

    @cached_property
    def store(self) -> RawStore:
        """The raw parts of the symbol."""
        return RawStore(self.lake)

    @cached_property
    def manifests(self) -> dict[str, Manifest]:
        """Native timeframe → what was delivered there."""
        found = {t.value: self.store.manifest(PartitionKey(self.symbol, t.value)) for t in self._native}
        return {timeframe: manifest for timeframe, manifest in found.items() if manifest is not None}

    @cached_property
    def _native(self) -> list[Timeframe]:
        return sorted(self.store.native_timeframes(self.symbol), key=lambda t: t.minutes)

    def native_of(self, key: PartitionKey) -> str:
        """The native timeframe that a partition's bars are made from."""
        return native_timeframe(key, self._native, "the raw store").value

    def raw(self, native: str) -> RawRows:
        """The raw rows at a native timeframe."""
        return self.store.read(PartitionKey(self.symbol, native))

    def rows(self, table: str, key: PartitionKey) -> pl.DataFrame | None:
        """A table's rows of one partition; None where it was never made."""
        return self.lake.read(table, key) if self.lake.exists(table, key) else None

    def mart(self, name: str, key: PartitionKey, *, made_from: str = "") -> pl.DataFrame | None:
        """A mart's rows of one partition; None where the mart was never built.

        Args:
            name: of the mart.
            key: the partition.
            made_from: the table whose rows the mart's column ``provenance`` speaks of: rows built from earlier facts
                than the table's present ones are left out, because what they say of it is not known to hold.
        """
        rows = self._shelf.rows(name, key.symbol, key.timeframe)
        if rows is None or not made_from:
            return rows
        facts = self.facts(made_from, key)
        return rows.filter(provenance=facts.provenance if facts else "")

    def facts(self, table: str, key: PartitionKey) -> Facts | None:
        """Provenance of a table's partition."""
        return self.lake.facts(table, key)

    def outdated(self, table: str, key: PartitionKey) -> str:
        """Why a table no longer says what the lake's present inputs would; "" where it does."""
        own, bars = self.facts(table, key), self.facts("bars", key)
        if own is None or bars is None:
            return ""
        if table in _SECTIONS:
            if own.data_version != bars.provenance:
                return "made from earlier bars"
            if own.spec_id != self.research.section_id(_SECTIONS[table]):
                return "made with another research spec"
            return ""
        native = self.native_of(key)
        manifest = self.manifests.get(native)
        current = manifest is None or bars.data_version == bars_version(manifest, native, key)
        return "" if current else "made from earlier raw rows"
