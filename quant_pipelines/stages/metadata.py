"""Metadata: what people see of a materialized partition in the web UI.

Put here: the metadata entries of each stage's partitions.
Keep out: computing (stages) and drawing (plots/).
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg
import polars as pl

from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.plots.stage_views import VIEWS
from quant_pipelines.stages.stage import Outcome, Stage


def describe(
    lake: Lake, stage: Stage, key: PartitionKey, outcome: Outcome, *, draw: bool
) -> Mapping[str, dg.MetadataValue]:
    """The metadata of one partition: rows, span, whether it was written, provenance, and the stage's own facts.

    Args:
        lake: where the partition is.
        stage: its asset.
        key: the partition.
        outcome: what the stage said about it.
        draw: True adds the figures and tables of ``stage_views``.
    """
    entries: dict[str, dg.MetadataValue] = {}
    if lake.exists(stage.name, key):
        entries.update(_rows_and_span(lake.scan(stage.name, [key])))
    if draw and stage.name in VIEWS:
        entries.update(VIEWS[stage.name](lake, key))
    for name, value in outcome.metadata.items():
        entries.setdefault(name, _value(value))
    entries["written"] = dg.MetadataValue.bool(outcome.written)
    facts = lake.facts(stage.name, key)
    if facts is not None:
        entries["data_version"] = dg.MetadataValue.text(facts.data_version)
        entries["code_version"] = dg.MetadataValue.text(facts.code_version)
        entries["path"] = dg.MetadataValue.path(lake.location(stage.name, key))
    return entries


def _rows_and_span(frame: pl.LazyFrame) -> dict[str, dg.MetadataValue]:
    """Rows, and first and last open where the table has a time axis."""
    has_time = "ts" in frame.collect_schema()
    span = [pl.col("ts").min().alias("first_ts"), pl.col("ts").max().alias("last_ts")] if has_time else []
    row = frame.select(pl.len().alias("dagster/partition_row_count"), *span).collect().row(0, named=True)
    entries: dict[str, dg.MetadataValue] = {}
    for name, value in row.items():
        if isinstance(value, int):
            entries[name] = dg.MetadataValue.int(value)
        elif value is not None:
            entries[name] = dg.MetadataValue.timestamp(value)
    return entries


def _value(value: object) -> dg.MetadataValue:
    """One JSON-able fact as a metadata value."""
    if isinstance(value, bool):
        return dg.MetadataValue.bool(value)
    if isinstance(value, int):
        return dg.MetadataValue.int(value)
    if isinstance(value, float):
        return dg.MetadataValue.float(value)
    if isinstance(value, str):
        return dg.MetadataValue.text(value)
    return dg.MetadataValue.json(value)
