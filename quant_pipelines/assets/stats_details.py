"""The stage stats_details: the event bars behind the cells that a run config names.

Put here: the run config, the calls of the core, and what people see of a partition.
Keep out: finding the bars of a cell (quant_core.market_stats.details).
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

import dagster as dg
import polars as pl
from pydantic import Field

from quant_core.errors import ConfigError
from quant_core.market_stats.details import CellName, Split, cell_details
from quant_core.spec import ResearchSpec
from quant_core.tables import TABLES
from quant_pipelines.stages.key_tables import KeyTables
from quant_pipelines.stages.metadata import table_value
from quant_pipelines.stages.reader import Reader
from quant_pipelines.stages.stage import Made, Stage

_SHOWN_ROWS = 12


class CellConfig(dg.Config):
    """One cell of market_stats."""

    event: str = Field(description="Id of the event; parameters left out keep their defaults.")
    target: str = Field(description="Id of the target.")
    condition: str = Field("all", description="Id of the condition; all for the event without one.")
    condition_value: str = Field("all", description="State of the condition.")
    fold: int = Field(-1, description="Fold; -1 for the test splits of all folds pooled.")
    split: str = Field("oos_pooled", description="train or test; oos_pooled with fold -1.")


class StatsDetailsConfig(dg.Config):
    """Run config of the asset."""

    cells: list[CellConfig] = Field([], description="The cells to open; they replace those of an earlier request.")


def make(read: Reader, settings: ResearchSpec, config: StatsDetailsConfig) -> Made:
    """Find the bars of every named cell over the partition's bars."""
    if not config.cells:
        raise ConfigError(
            "No cell is named: expected at least one in the run config, under ops, stats_details_graph, config, cells. "
            "Name it there, or use: qe details SYMBOL TIMEFRAME --event ... --target ..."
        )
    bars = read.bars(settings.data.start, settings.data.end)
    cells = list(dict.fromkeys(cell_name(c) for c in config.cells))
    parts = [cell_details(bars, settings.market_stats, cell) for cell in cells]
    # Two spellings of one cell are one cell.
    details = pl.concat(parts).unique().sort(TABLES["stats_details"].order)
    counted = details.group_by("event", "condition_value", "target", "split", "fold").len().sort(pl.all())
    n_bars = {" | ".join(map(str, row[:-1])): row[-1] for row in counted.iter_rows()}
    return Made({"stats_details": details}, {"asked": [asdict(c) for c in cells], "n_bars": n_bars})


def view(tables: KeyTables) -> Mapping[str, dg.MetadataValue[Any]]:
    """What each opened cell counts, and its last bars."""
    details = tables.rows("stats_details")
    cell = ("event", "condition", "condition_value", "target", "fold", "split")
    counted = details.group_by(cell, maintain_order=True).agg(
        pl.len().alias("n"), pl.col("value").sum().alias("sum"), pl.col("value").mean().alias("mean")
    )
    units = TABLES["stats_details"].units | {"n": "count", "sum": "unit of the target", "mean": "unit of the target"}
    last = details.sort("ts").tail(_SHOWN_ROWS).select("event", "condition_value", "target", "ts", "value", "observed")
    return {"cells": table_value(counted, units), "last_bars": table_value(last, units)}


VIEW = view
STAGE = Stage(
    name="stats_details",
    description=(
        "The event bars behind cells of `market_stats`, with the outcomes that the cells count. Written on request: "
        "the run config names the cells, and the partition holds those of the last request."
    ),
    table=TABLES["stats_details"],
    reads=("bars",),
    section="market_stats",
    config=StatsDetailsConfig,
    refresh="on_request",
    make=make,
)


def cell_name(cell: CellConfig) -> CellName:
    """The cell as the core names it."""
    return CellName(cell.event, cell.target, cell.condition, cell.condition_value, cell.fold, cast(Split, cell.split))


def run_config_of(cells: list[CellName]) -> dict[str, Any]:
    """The run config that asks for cells."""
    return {"ops": {"stats_details_graph": {"config": {"cells": [asdict(cell) for cell in cells]}}}}
