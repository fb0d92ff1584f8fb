"""A stage by symbol, to prove that the runner carries other keys than symbol and timeframe.

Put here: the stage and its binding.
Keep out: tests.
"""

from __future__ import annotations

import polars as pl

from quant_core.spec import ResearchSpec
from quant_core.tables import Column, Table
from quant_pipelines.assets._graphs import graph_of
from quant_pipelines.stages.reader import Reader
from quant_pipelines.stages.stage import Made, Stage

TABLE = Table(
    "bar_counts",
    "One row is one timeframe of a symbol.",
    (Column("timeframe", pl.String, "id", "Timeframe."), Column("n_bars", pl.Int64, "count", "Bars.", minimum=0)),
    ("timeframe",),
    ("timeframe",),
)


def make(read: Reader, _settings: ResearchSpec, _config: object) -> Made:
    """Count the bars of every timeframe."""
    counted = read.table("bars").group_by("timeframe").agg(n_bars=pl.len().cast(pl.Int64)).sort("timeframe")
    return Made({"bar_counts": counted})


STAGE = Stage("bar_counts", "Bars per timeframe.", TABLE, ("bars",), make, key_kind="symbol")
SYMBOL_GRAPH = graph_of("symbol_graph", [STAGE])
