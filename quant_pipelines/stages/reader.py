"""The reader: what a stage may read while it makes one key.

Put here: the inputs that a stage declares, and nothing else.
Keep out: caching and provenance (key_tables.py), the declaration itself (stage.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from quant_core.bars import Bars
from quant_core.errors import ConfigError
from quant_core.spec import ResearchSpec
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import Key, PartitionKey
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import RawRows, RawStore
from quant_pipelines.resources import LakeResource, ResearchResource, SourcesResource
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.stages.key_tables import RAW_ROWS, SOURCES, KeyTables

if TYPE_CHECKING:
    from quant_pipelines.stages.stage import Stage


class StageInputs:
    """What all keys of a run share, opened on first use: a run that needs no source opens none.

    Attributes:
        log: receives progress lines.
        memo: results worth keeping for the neighboring keys of the same run; stages own their entries.
    """

    def __init__(
        self,
        lake: LakeResource,
        sources: SourcesResource,
        research: ResearchResource,
        log: Callable[[str], object] = str,
    ) -> None:
        self.resources = (lake, sources, research)
        self.log = log
        self.memo: dict[str, Any] = {}

    @cached_property
    def lake(self) -> Lake:
        """The Parquet lake."""
        return self.resources[0].open()

    @cached_property
    def raw_store(self) -> RawStore:
        """The immutable raw parts in the lake."""
        return RawStore(self.lake, self.resources[1].clock())

    @cached_property
    def sources(self) -> Sources:
        """The sources of sources.yaml."""
        return self.resources[1].open(self.lake)

    @cached_property
    def research(self) -> ResearchSpec:
        """The resolved research spec."""
        return self.resources[2].load()

    def tables(self, key: Key) -> KeyTables:
        """What the lake holds about one key."""
        return KeyTables(self.lake, key)

    def redact(self, text: str) -> str:
        """A text without the secrets of the environment."""
        return self.resources[1].redact(text)


@dataclass(frozen=True)
class Reader:
    """The declared inputs of one stage for one key.

    Raises:
        ConfigError: from every call for something that the stage does not declare in ``reads``.
    """

    stage: Stage
    inputs: StageInputs
    tables: KeyTables

    @property
    def key(self) -> Key:
        """The key that is made."""
        return self.tables.key

    @property
    def partition(self) -> PartitionKey:
        """The key of a stage by symbol and timeframe."""
        return self.tables.partition

    @property
    def memo(self) -> dict[str, Any]:
        """Results worth keeping for the neighboring keys of the same run."""
        return self.inputs.memo

    def log(self, text: str) -> None:
        """Write a progress line."""
        self.inputs.log(text)

    def table(self, name: str) -> pl.DataFrame:
        """The rows of a table."""
        self._declared(name)
        return self.tables.rows(name)

    def bars(self, start: date | None = None, end: date | None = None) -> Bars:
        """The bars of the sessions from start to end inclusive; None: no bound."""
        self._declared("bars")
        return self.tables.bars(start, end)

    def raw(self) -> RawRows:
        """The current raw rows at the key's native timeframe."""
        self._declared(RAW_ROWS)
        return self.tables.raw()

    @property
    def native(self) -> PartitionKey:
        """Symbol and native timeframe of the raw rows."""
        self._declared(RAW_ROWS)
        return self.tables.native

    @property
    def manifest(self) -> Manifest:
        """What was delivered at the native timeframe."""
        self._declared(RAW_ROWS)
        return self.tables.manifest

    @property
    def sources(self) -> Sources:
        """The sources of sources.yaml."""
        self._declared(SOURCES)
        return self.inputs.sources

    @property
    def raw_store(self) -> RawStore:
        """Where deliveries are stored."""
        self._declared(SOURCES)
        return self.inputs.raw_store

    def _declared(self, name: str) -> None:
        if name not in self.stage.reads:
            raise ConfigError(
                f"Stage {self.stage.name} reads {name}: expected one of its declared inputs "
                f"({', '.join(self.stage.reads)}). Add it to reads: a change of it must make the key again."
            )
