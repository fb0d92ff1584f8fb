"""Stages: what a partitioned asset is here, and what one partition of it came to.

Put here: the declaration of a stage, its inputs, its outcome, and discovery of the stages in ``assets/``.
Keep out: particular stages (``assets/``) and running them over many keys (runner.py).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
import polars as pl

from quant_core.spec import ResearchSpec
from quant_core.tables import TABLES, Table
from quant_pipelines.lake.code_version import core_code_version
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.resources import LakeResource, ResearchResource, SourcesResource
from quant_pipelines.sources.catalog import Sources

OWNERS = ["team:research"]


class StageInputs:
    """Everything a stage may read, opened on first use: a run that needs no source opens none.

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
        self._lake, self._sources, self._research = lake, sources, research
        self.log = log
        self.memo: dict[str, Any] = {}

    @cached_property
    def lake(self) -> Lake:
        """The Parquet lake."""
        return self._lake.open()

    @cached_property
    def raw_store(self) -> RawStore:
        """The immutable raw parts in the lake."""
        return RawStore(self.lake)

    @cached_property
    def sources(self) -> Sources:
        """The sources of sources.yaml."""
        return self._sources.open(self.lake)

    @cached_property
    def research(self) -> ResearchSpec:
        """The resolved research spec."""
        return self._research.load()

    def publish(
        self,
        asset: str,
        key: PartitionKey,
        facts: Facts,
        compute: Callable[[], Mapping[str, pl.DataFrame]],
        *,
        beside: Sequence[str] = (),
    ) -> bool:
        """Write an asset's partition, and the tables beside it, unless the lake holds them for the same inputs.

        The partition is locked meanwhile. The asset's own table is checked against its contract and written last:
        when it is there, everything beside it is there too.

        Args:
            asset: name of the asset.
            key: its partition.
            facts: what the rows depend on.
            compute: table name → rows, called only when something is to be written.
            beside: tables that ``compute`` gives besides the asset's own.

        Returns:
            False when nothing had to be computed.
        """
        with self.lake.lock(asset, key):
            if self.lake.is_current(asset, key, facts, beside=beside):
                return False
            tables = compute()
            for name in sorted(tables, key=lambda n: n == asset):
                self.lake.write(name, key, TABLES[name].validate(tables[name], where=str(key)), facts)
        return True

    def redact(self, text: str) -> str:
        """A text without the secrets of the environment."""
        return self._sources.redact(text)


@dataclass(frozen=True)
class Outcome:
    """What one stage did for one partition.

    Attributes:
        written: False when the lake already held the result of these inputs.
        metadata: JSON-able facts people want to see: counts, origins, versions.
    """

    written: bool
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Stage:
    """One partitioned asset: its name, what it is made from, and how one partition is made.

    Attributes:
        name: the asset's key and its folder in the lake.
        description: markdown for the UI; the table's contract is added below it.
        upstream: names of the stages it follows.
        table: contract of the rows it writes.
        group: group in the asset graph.
        kinds: labels of the technology, shown in the UI.
        make: brings one partition up to date: load, one call of the core, write.
        beside: tables it writes for the same partition besides its own.
        job: the job that brings it up to date; a table of another job does not count as missing.
    """

    name: str
    description: str
    upstream: tuple[str, ...]
    table: Table
    group: str
    kinds: frozenset[str]
    make: Callable[[StageInputs, PartitionKey], Outcome]
    beside: tuple[str, ...] = ()
    job: str = "research"

    def asset_spec(self) -> dg.AssetSpec:
        """The stage as Dagster shows it."""
        return dg.AssetSpec(
            self.name,
            deps=list(self.upstream),
            description=f"{self.description}\n\n{self.table.markdown()}",
            owners=OWNERS,
            kinds=set(self.kinds),
            group_name=self.group,
            code_version=core_code_version(),
            metadata={"dagster/column_schema": table_schema(self.table), "dagster/table_name": self.name},
        )


def table_schema(table: Table) -> dg.TableSchema:
    """A table contract as Dagster's schema; the unit leads each column's description."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=c.name,
                type=str(c.dtype),
                description=f"[{c.unit}] {c.meaning}",
                constraints=dg.TableColumnConstraints(nullable=c.nullable, unique=table.key == (c.name,)),
            )
            for c in table.columns
        ]
    )


def discover_stages() -> list[Stage]:
    """Every ``STAGE`` defined in a file of ``assets/``, upstream before downstream."""
    package = importlib.import_module("quant_pipelines.assets")
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    stages = {m.STAGE.name: m.STAGE for m in modules if isinstance(getattr(m, "STAGE", None), Stage)}
    order = TopologicalSorter({name: stage.upstream for name, stage in sorted(stages.items())}).static_order()
    return [stages[name] for name in order]
