"""Marts as assets: every file of ``sql/marts`` is one unpartitioned asset.

Put here: the binding of SQL files to Dagster.
Keep out: SELECTs (sql/marts), execution (lake/query.py), storing (marts/marts.py).
"""

from typing import Any

import dagster as dg

from quant_pipelines.lake.sql_files import SqlFile
from quant_pipelines.marts.marts import build_mart, mart_files, mart_settings
from quant_pipelines.plots.mart_entries import mart_entries
from quant_pipelines.resources import LakeResource, ResearchResource
from quant_pipelines.stages.stage import OWNERS, discover_stages

_ASSET_OF_TABLE = {table: stage.name for stage in discover_stages() for table in (stage.name, *stage.beside)}


def _asset_of(file: SqlFile) -> dg.AssetsDefinition:
    """One SQL file as an asset; its dependencies are the tables its parse tree names."""
    columns = [dg.TableColumn(c.name, description=f"[{c.unit}] {c.meaning}") for c in file.columns]

    @dg.asset(
        name=file.name,
        deps=sorted({_ASSET_OF_TABLE.get(table, table) for table in file.tables}),
        description=f"{file.meaning} Key: {', '.join(file.key)}.\n\n```sql\n{file.body}\n```",
        owners=OWNERS,
        kinds={"sql", "duckdb", "parquet"},
        group_name="marts",
        code_version=file.version,
        metadata={"dagster/column_schema": dg.TableSchema(columns), "dagster/table_name": file.name},
    )
    def mart(
        context: dg.AssetExecutionContext, lake: LakeResource, research: ResearchResource
    ) -> dg.MaterializeResult[Any]:
        opened = lake.open()
        built = build_mart(file, opened, mart_settings(research.load()))
        for table in built.empty_inputs:
            context.log.warning(f"{file.name}: table {table} has no partition yet; the mart counts it as empty.")
        context.log.info(f"{file.name}: {built.frame.height:,} rows, {'written' if built.is_written else 'unchanged'}")
        return dg.MaterializeResult(
            metadata=mart_entries(file, built, opened.storage.locate(f"{file.name}/data.parquet"))
        )

    return mart


MARTS = [_asset_of(file) for file in mart_files()]
