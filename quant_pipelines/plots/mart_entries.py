"""Entries of marts: what people see of a mart in the web UI.

Put here: rows, preview, and which rows of a mart its figure shows.
Keep out: computing (marts/) and drawing (the other files of this folder).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import dagster as dg
import polars as pl

from quant_core.errors import UnknownNameError
from quant_pipelines.lake.sql_files import SqlFile
from quant_pipelines.marts.marts import BuiltMart
from quant_pipelines.plots import (
    as_markdown,
    correlation_matrix,
    coverage_heat_map,
    finding_intervals,
    finding_labels,
    lift_comparison,
    market_stats_heat_map,
    quality_counts,
    seasonal_profile,
)
from quant_pipelines.stages.metadata import table_value

_PREVIEW_ROWS = 25


def mart_entries(file: SqlFile, built: BuiltMart, path: str) -> Mapping[str, dg.MetadataValue]:
    """Rows, path, empty inputs, a preview, and the figure that the header's ``Plot:`` names.

    Raises:
        UnknownNameError: no figure has that name.
    """
    meanings = {c.name: f"[{c.unit}] {c.meaning}" for c in file.columns}
    columns = [dg.TableColumn(name, str(t), meanings[name]) for name, t in built.frame.schema.items()]
    entries: dict[str, dg.MetadataValue] = {
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns)),
        "dagster/row_count": dg.MetadataValue.int(built.frame.height),
        "written": dg.MetadataValue.bool(built.is_written),
        "path": dg.MetadataValue.path(Path(path)),
        "empty_inputs": dg.MetadataValue.text(", ".join(built.empty_inputs) or "none"),
        "preview": table_value(built.frame.head(_PREVIEW_ROWS), {c.name: c.unit for c in file.columns}),
    }
    if file.plot:
        if file.plot not in FIGURES:
            raise UnknownNameError.among("figure", file.plot, FIGURES, where=f"{file.name}.sql: Plot")
        entries["figure"] = dg.MetadataValue.md(as_markdown(FIGURES[file.plot](built.frame), file.plot))
    return entries


def _findings(frame: pl.DataFrame) -> bytes:
    """The strongest out-of-sample cells of binary targets."""
    pooled = frame.filter(pl.col("split") == "oos_pooled").with_columns(verdict=pl.col("verdict_global"))
    return finding_intervals(finding_labels(pooled), title="Strongest findings, all out-of-sample folds pooled")


def _quality(frame: pl.DataFrame) -> bytes:
    """Rows found per check over all partitions."""
    n_partitions = frame.select("symbol", "timeframe").n_unique()
    counts = frame.group_by("check", "severity", maintain_order=True).agg(pl.col("n_rows").sum())
    title = f"What the quality checks found, summed over {n_partitions} partitions"
    return quality_counts(counts.with_columns(share=pl.lit(None, pl.Float64)), title=title)


def _strongest_season(frame: pl.DataFrame) -> bytes:
    """The profile that holds the bin with the smallest q-value over all symbols and timeframes."""
    place = ["symbol", "timeframe", "dimension", "metric"]
    best = frame.sort("q_value_global", "p_value", *place, nulls_last=True).head(1).select(place)
    named = " ".join(map(str, best.row(0))) if best.height else "no profile yet"
    return seasonal_profile(frame.join(best, on=place), title=f"Profile with the strongest bin: {named}")


def _strongest_condition(frame: pl.DataFrame) -> bytes:
    """The condition and target that hold the pooled cell with the smallest q-value of its own family."""
    place = ["symbol", "timeframe", "condition", "target"]
    pooled = frame.filter(split="oos_pooled").sort("q_value", *place, nulls_last=True)
    best = pooled.head(1).select(place)
    title = "{0} {1}: lift of {3} by {2}".format(*best.row(0)) if best.height else "no condition yet"
    return market_stats_heat_map(frame.join(best, on=place), title=title)


def _largest_difference(frame: pl.DataFrame) -> bytes:
    """The pair and metric whose difference of lifts is largest against its interval; the bins in that order."""
    place = ["symbol_a", "symbol_b", "timeframe", "metric"]
    margin = (pl.col("lift_diff_high") - pl.col("lift_diff_low")) / 2
    ranked = frame.sort((pl.col("lift_diff") / margin).abs(), *place, descending=[True, *[False] * 4], nulls_last=True)
    best = ranked.head(1).select(place)
    named = "{} and {} {}: {}".format(*best.row(0)) if best.height else "no pair yet"
    return lift_comparison(
        ranked.join(best, on=place, maintain_order="left"), title=f"Seasonal lifts side by side: {named}"
    )


def _widest_matrix(frame: pl.DataFrame) -> bytes:
    """The timeframe, dimension and metric with the most symbols, then the most bins."""
    place = ["timeframe", "dimension", "metric"]
    known = frame.filter(pl.col("correlation").is_not_null())
    sizes = known.group_by(place).agg(n_symbols=pl.col("symbol_a").n_unique(), n_bins=pl.col("n_bins").max())
    best = sizes.sort("n_symbols", "n_bins", *place, descending=[True, True, *[False] * 3]).head(1).select(place)
    named = " ".join(best.row(0)) if best.height else "no pair yet"
    return correlation_matrix(frame.join(best, on=place), title=f"Likeness of seasonal profiles: {named}")


FIGURES: Mapping[str, Callable[[pl.DataFrame], bytes]] = {
    "correlation_matrix": _widest_matrix,
    "coverage_heat_map": coverage_heat_map,
    "finding_intervals": _findings,
    "lift_comparison": _largest_difference,
    "market_stats_heat_map": _strongest_condition,
    "quality_counts": _quality,
    "seasonal_profile": _strongest_season,
}
