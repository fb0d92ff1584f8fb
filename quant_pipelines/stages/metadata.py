"""Metadata: what people see of a materialized partition in the web UI.

Put here: the metadata entries that every stage's partitions have, and how values become entries.
Keep out: figures and tables of single stages (the VIEW of their files), computing, drawing (plots/).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import dagster as dg
import polars as pl

from quant_core.shown_text import MESSAGE_LETTERS, shown
from quant_core.spec import ResearchSpec
from quant_pipelines.lake.facts import Facts
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.stages.key_tables import KeyTables

if TYPE_CHECKING:
    from quant_pipelines.stages.stage import Made, Stage

Entries = dict[str, dg.MetadataValue[Any]]


def describe(
    tables: KeyTables,
    stage: Stage,
    made: Made | None,
    facts: Facts | None,
    research: ResearchSpec | None,
    *,
    is_written: bool,
) -> Entries:
    """The metadata of one partition: rows, span, whether it was written, provenance, and the stage's own facts.

    Args:
        tables: of the key.
        stage: its asset.
        made: what the stage returned; None where the lake held it already.
        facts: of the published file; None for a stage that stores by itself.
        research: the spec in force, where the rows depend on it.
        is_written: whether this run wrote the partition.
    """
    entries: Entries = {}
    if facts is not None:
        entries |= _rows_and_span(tables.rows(stage.name).lazy() if made else _scan(tables, stage.name))
    own: Mapping[str, Any] = {} if made is None else made.metadata
    for name, value in own.items():
        entries.setdefault(name, entry(value))
    entries["written"] = dg.MetadataValue.bool(is_written)
    if research is not None:
        entries["spec_id"] = dg.MetadataValue.text(research.spec_id)
    if facts is not None and facts.seed is not None:
        entries["seed"] = dg.MetadataValue.int(facts.seed)
    if facts is not None:
        entries["data_version"] = dg.MetadataValue.text(facts.data_version)
        entries["code_version"] = dg.MetadataValue.text(facts.code_version)
        entries["path"] = dg.MetadataValue.path(tables.lake.location(stage.name, tables.key))
    return entries


def _scan(tables: KeyTables, table: str) -> pl.LazyFrame:
    """A published table without reading its rows."""
    if isinstance(tables.key, PartitionKey):
        # A scan of a few columns would give what is there, or fail in words of Polars.
        tables.lake.refuse_damage(table, [tables.key])
        return tables.lake.scan(table, [tables.key])
    return tables.lake.read(table, tables.key).lazy()


def _rows_and_span(frame: pl.LazyFrame) -> Entries:
    """Rows, and first and last open where the table has a time axis."""
    has_time = "ts" in frame.collect_schema()
    span = [pl.col("ts").min().alias("first_ts"), pl.col("ts").max().alias("last_ts")] if has_time else []
    row = frame.select(pl.len().alias("dagster/partition_row_count"), *span).collect().row(0, named=True)
    entries: Entries = {}
    for name, value in row.items():
        if isinstance(value, int):
            entries[name] = dg.MetadataValue.int(value)
        elif value is not None:
            entries[name] = dg.MetadataValue.timestamp(value)
    return entries


def entry(value: Any) -> dg.MetadataValue[Any]:
    """One JSON-able fact as a metadata value."""
    if isinstance(value, bool):
        return dg.MetadataValue.bool(value)
    if isinstance(value, int):
        return dg.MetadataValue.int(value)
    if isinstance(value, float):
        return dg.MetadataValue.float(value)
    if isinstance(value, str):
        return dg.MetadataValue.text(shown(value, MESSAGE_LETTERS))
    return dg.MetadataValue.json(_shown_in(value))


def _shown_in(value: Any) -> Any:
    """A JSON value whose texts, which may be a file's, draw nothing in a page and have an end."""
    if isinstance(value, str):
        return shown(value, MESSAGE_LETTERS)
    if isinstance(value, Mapping):
        return {shown(k): _shown_in(v) for k, v in cast("Mapping[str, Any]", value).items()}
    return [_shown_in(v) for v in cast("list[Any]", value)] if isinstance(value, list | tuple) else value


def table_value(frame: pl.DataFrame, units: Mapping[str, str]) -> dg.MetadataValue[Any]:
    """A small frame as a table in the UI; the unit stands in each column's description.

    Args:
        frame: a few rows; temporal values become texts, floats are rounded to six digits.
        units: column → unit.
    """
    shown = frame.with_columns(pl.selectors.temporal().cast(pl.String), pl.selectors.float().round_sig_figs(6))
    columns = [
        dg.TableColumn(name, type=str(t), description=f"[{units.get(name, '')}]") for name, t in frame.schema.items()
    ]
    return dg.MetadataValue.table(
        records=[dg.TableRecord(row) for row in shown.to_dicts()], schema=dg.TableSchema(columns)
    )
