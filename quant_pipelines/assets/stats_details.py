"""The asset stats_details: the event bars behind the cells that a run config names.

Put here: the run config, loading, the calls of the core, writing.
Keep out: finding the bars of a cell (quant_core.market_stats.details).

Why beside the partitioned graph: its stages need no run config, and these rows are written on request only.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any, cast

import dagster as dg
import polars as pl
from pydantic import Field

from quant_core.errors import ConfigError
from quant_core.market_stats.details import CellName, Split, cell_details
from quant_core.tables import TABLES
from quant_pipelines.lake.code_version import core_code_version
from quant_pipelines.lake.lake import Facts, digest
from quant_pipelines.lake.partitions import SYMBOL_TIMEFRAME, PartitionKey
from quant_pipelines.raw.published_bars import check_scope, load_bars
from quant_pipelines.resources import ClockResource, LakeResource, ResearchResource, SourcesResource
from quant_pipelines.stages.runner import run_stages
from quant_pipelines.stages.stage import Outcome, Stage, StageInputs


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


def make(inputs: StageInputs, key: PartitionKey, cells: tuple[CellName, ...]) -> Outcome:
    """Write the bars of every named cell over the partition's bars; nothing when the lake holds them already."""
    if not cells:
        raise ConfigError(
            "No cell is named: expected at least one in the run config, under ops, stats_details_graph, config, cells. "
            "Name it there, or use: qe details SYMBOL TIMEFRAME --event ... --target ..."
        )
    spec, loaded = inputs.research, load_bars(inputs.lake, key)
    check_scope(spec.data, key)
    asked = json.dumps([spec.section_id("market_stats"), *map(asdict, cells)], sort_keys=True)
    facts = Facts(loaded.provenance, core_code_version(), digest(asked.encode())[:16], calendar=loaded.calendar)

    def tables() -> dict[str, pl.DataFrame]:
        bars = loaded.bars(spec.data.start, spec.data.end)
        parts = [cell_details(bars, spec.market_stats, cell) for cell in dict.fromkeys(cells)]
        # Two spellings of one cell are one cell.
        return {"stats_details": pl.concat(parts).unique().sort(TABLES["stats_details"].order)}

    written = inputs.publish("stats_details", key, facts, tables)
    counted = (
        inputs.lake.read("stats_details", key).group_by("event", "condition_value", "target", "split", "fold").len()
    )
    n_bars = {" | ".join(map(str, row[:-1])): row[-1] for row in counted.sort(pl.all()).iter_rows()}
    return Outcome(written, {"spec_id": spec.spec_id, "cells": [asdict(c) for c in cells], "n_bars": n_bars})


def _unasked(inputs: StageInputs, key: PartitionKey) -> Outcome:
    """A request without cells: refused."""
    return make(inputs, key, ())


DETAILS = Stage(
    name="stats_details",
    description=(
        "The event bars behind cells of `market_stats`, with the outcomes that the cells count. Written on request: "
        "the run config names the cells, and the partition holds those of the last request."
    ),
    upstream=("bars", "market_stats"),
    table=TABLES["stats_details"],
    group="research",
    kinds=frozenset({"parquet", "polars"}),
    make=_unasked,
    job="stats_details",
)
"""Not named STAGE: it is no part of the partitioned graph that is discovered."""


# A multi-asset of one, because only it can name its op: the job already has the asset's name.
@dg.multi_asset(
    name="stats_details_graph",
    specs=[DETAILS.asset_spec()],
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def stats_details(
    context: dg.AssetExecutionContext,
    config: StatsDetailsConfig,
    lake: LakeResource,
    sources: SourcesResource,
    research: ResearchResource,
    clock: ClockResource,
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Open the named cells in every partition of the run."""
    inputs = StageInputs(lake, sources, research, context.log.info)

    def opened(inputs: StageInputs, key: PartitionKey) -> Outcome:
        # Read per key: a wrong name is reported like any other failure of a key.
        return make(inputs, key, tuple(cell_name(c) for c in config.cells))

    yield from run_stages(context, [replace(DETAILS, make=opened)], inputs, [], clock.now())


def cell_name(cell: CellConfig) -> CellName:
    """The cell as the core names it."""
    return CellName(cell.event, cell.target, cell.condition, cell.condition_value, cell.fold, cast(Split, cell.split))


def run_config_of(cells: list[CellName]) -> dict[str, Any]:
    """The run config that asks for cells."""
    return {"ops": {"stats_details_graph": {"config": {"cells": [asdict(cell) for cell in cells]}}}}
