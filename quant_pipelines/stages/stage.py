"""Stages: what an asset of this project is, declared once, and where the declarations are found.

Put here: the declaration of a stage, what it makes, and discovery of the stages in ``assets/``.
Keep out: particular stages (``assets/``), reading (reader.py, key_tables.py) and running (key_run.py, runner.py).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from graphlib import TopologicalSorter
from types import ModuleType
from typing import Any, Literal, TypeAlias

import dagster as dg
import polars as pl
from pydantic import BaseModel

from quant_core.errors import ConfigError
from quant_core.spec import MODULE_OF_SECTION, ResearchSpec
from quant_core.tables import Table
from quant_pipelines.lake.code_version import code_version
from quant_pipelines.stages.key_tables import RAW_ROWS, SOURCES, KeyTables
from quant_pipelines.stages.reader import Reader

OWNERS = ["team:research"]

KeyKind: TypeAlias = Literal["symbol_timeframe", "symbol", "none"]
Refresh: TypeAlias = Literal["on_data", "on_drift", "on_request"]


@dataclass(frozen=True)
class Made:
    """What a stage makes for one key.

    Attributes:
        tables: name → rows in the table's order; the stage's own table and those beside it. Empty only where the
            stage stores by itself what it takes in.
        metadata: JSON-able facts people want to see: counts, origins, versions.
        is_new: for a stage that stores by itself: False when everything was known already.
    """

    tables: Mapping[str, pl.DataFrame]
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_new: bool = True


Make: TypeAlias = Callable[[Reader, ResearchSpec, Any], Made]
View: TypeAlias = Callable[[KeyTables], Mapping[str, dg.MetadataValue[Any]]]


@dataclass(frozen=True)
class Stage:
    """One asset: its name, what it is made from, and how one key of it is made. The runner does everything else.

    Attributes:
        name: the asset's key and its folder in the lake.
        description: markdown for the UI; the table's contract is added below it.
        table: contract of the rows it publishes.
        reads: names of the inputs that ``make`` really reads: tables, ``raw_rows``, ``sources``. Nothing else can be
            read, and a key is made again exactly when one of them, the section, the configuration or the code changes.
        make: (reader of the inputs, research spec, run config) → what to publish. It computes and returns; it stores
            nothing, but for a stage that reads ``sources``.
        group: group in the asset graph.
        kinds: labels of the technology, shown in the UI.
        key_kind: what one key is: a symbol at a timeframe, a symbol, or everything.
        beside: tables it publishes for the same key besides its own.
        section: part of the research file that its rows depend on, or None.
        config: run config of this stage alone; a change of it makes a key again.
        refresh: what it follows: ``on_data`` every change of its inputs, ``on_drift`` a change that matters,
            ``on_request`` a person.
    """

    name: str
    description: str
    table: Table
    reads: tuple[str, ...]
    make: Make
    group: str = "research"
    kinds: frozenset[str] = frozenset({"parquet", "polars"})
    key_kind: KeyKind = "symbol_timeframe"
    beside: tuple[str, ...] = ()
    section: str | None = None
    config: type[BaseModel] | None = None
    refresh: Refresh = "on_data"

    def __post_init__(self) -> None:
        if not self.reads:
            raise ConfigError(
                f"Stage {self.name} reads nothing: expected the names of its inputs, found none. Name them in reads."
            )

    @property
    def takes_in(self) -> bool:
        """True for a stage that asks the sources and stores what they deliver by itself."""
        return SOURCES in self.reads

    @property
    def tables(self) -> set[str]:
        """Names of what it makes, as other stages read it."""
        return {self.name, *self.beside, *((RAW_ROWS,) if self.takes_in else ())}

    @property
    def code_modules(self) -> tuple[str, ...]:
        """Modules whose code counts as its own besides that of ``make``: its section, its tables."""
        tables = [f"quant_core.tables.{name}" for name in (self.table.name, *self.beside)]
        settings = [MODULE_OF_SECTION[self.section]] if self.section else []
        return (*tables, *settings)

    @cached_property
    def code_version(self) -> str:
        """Hash of the code its numbers come from."""
        return code_version(self.make.__module__, *self.code_modules)

    @cached_property
    def upstream(self) -> tuple[str, ...]:
        """Names of the stages whose tables it reads."""
        makers = makers_of_tables()
        return tuple(dict.fromkeys(makers[name] for name in self.reads if name in makers))

    def asset_spec(self) -> dg.AssetSpec:
        """The stage as Dagster shows it."""
        return dg.AssetSpec(
            self.name,
            deps=list(self.upstream),
            description=f"{self.description}\n\n{self.table.markdown()}",
            owners=OWNERS,
            kinds=set(self.kinds),
            group_name=self.group,
            code_version=self.code_version,
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


@cache
def _stage_modules() -> dict[str, ModuleType]:
    """Stage name → the file of ``assets/`` that declares it as ``STAGE``."""
    package = importlib.import_module("quant_pipelines.assets")
    modules = [
        importlib.import_module(f"{package.__name__}.{m.name}")
        for m in pkgutil.iter_modules(package.__path__)
        # Files that start with an underscore bind what is declared; they declare nothing.
        if not m.name.startswith("_")
    ]
    return {m.STAGE.name: m for m in modules if isinstance(getattr(m, "STAGE", None), Stage)}


@cache
def makers_of_tables() -> dict[str, str]:
    """Table → name of the stage that makes it."""
    stages: list[Stage] = [module.STAGE for module in _stage_modules().values()]
    return {table: stage.name for stage in stages for table in stage.tables}


def discover_stages(key_kind: KeyKind | None = None) -> list[Stage]:
    """Every ``STAGE`` defined in a file of ``assets/``, upstream before downstream; of one kind of keys or of all."""
    stages: dict[str, Stage] = {name: module.STAGE for name, module in sorted(_stage_modules().items())}
    order = TopologicalSorter({name: stage.upstream for name, stage in stages.items()}).static_order()
    found = [stages[name] for name in order if name in stages]
    return [s for s in found if key_kind is None or s.key_kind == key_kind]


def view_of(stage: str) -> View | None:
    """What draws a key of a stage: ``VIEW`` in the stage's file, or None."""
    module = _stage_modules().get(stage)
    view: View | None = getattr(module, "VIEW", None)
    return view
