"""Heat maps in a report: the lift of the headline target by the ordered states of every condition.

Put here: which maps are drawn.
Keep out: drawing (plots/market_stats_heat_map.py) and the cells (sql/marts/mart__market_stats_heatmap.sql).
"""

from __future__ import annotations

import polars as pl

from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.plots import market_stats_heat_map, svg
from quant_pipelines.report._document import Block, Fold, Picture, Text, missing
from quant_pipelines.report.inputs import SymbolInputs

_HEADLINE = "up_next_bar"


def condition_maps(inputs: SymbolInputs, key: PartitionKey) -> list[Block]:
    """The strongest condition's map, the other conditions' folded away."""
    cells = inputs.mart("mart__market_stats_heatmap", key)
    if cells is None:
        return [missing("The heat map of conditions is not built yet. Build it with:", "qe launch marts")]
    target = headline_target(cells)
    mine = cells.filter(target=target)
    if mine.is_empty():
        return [Text("No condition was computed, so there is no heat map.")]
    ranked = mine.group_by("condition").agg(pl.col("q_value").min()).sort("q_value", "condition", nulls_last=True)
    pictures: list[Block] = []
    for condition in ranked["condition"]:
        title = f"{key.symbol} {key.timeframe}: lift of {target} by {condition}"
        drawn = market_stats_heat_map(mine.filter(condition=condition), title=title, render=svg)
        pictures.append(Picture(drawn, f"lift by {condition}, train beside test"))
    blocks: list[Block] = [pictures[0]]
    if pictures[1:]:
        blocks.append(Fold(f"Heat maps of {len(pictures) - 1} more conditions", pictures[1:]))
    return blocks


def headline_target(cells: pl.DataFrame) -> str:
    """``up_next_bar`` where it was computed, else the binary target with the most observations, else any; "" for none.

    >>> rows = {"target": ["a", "b", "up_next_bar"], "target_kind": ["binary", "binary", "binary"], "n": [1, 5, 2]}
    >>> headline_target(pl.DataFrame(rows)), headline_target(pl.DataFrame(rows)[:2])
    ('up_next_bar', 'b')
    >>> headline_target(pl.DataFrame(rows).clear())
    ''
    """
    if _HEADLINE in set(cells["target"]):
        return _HEADLINE
    is_binary = pl.col("target_kind") == "binary"
    sizes = cells.group_by("target").agg(is_binary.any().alias("is_binary"), pl.col("n").sum())
    ranked = sizes.sort("is_binary", "n", "target", descending=[True, True, False])
    return str(ranked["target"][0]) if ranked.height else ""
