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
from quant_pipelines.discovery import modules_of
from quant_pipelines.lake.sql_files import SqlFile
from quant_pipelines.marts.marts import BuiltMart
from quant_pipelines.plots import as_markdown
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
        figures = mart_figures()
        if file.plot not in figures:
            raise UnknownNameError.among("figure", file.plot, figures, where=f"{file.name}.sql: Plot")
        entries["figure"] = dg.MetadataValue.md(as_markdown(figures[file.plot](built.frame), file.plot))
    return entries


def mart_figures() -> dict[str, Callable[[pl.DataFrame], bytes]]:
    """Name → figure of a mart's rows: ``MART_FIGURE`` of the files of plots/."""
    modules = {m.__name__.rsplit(".", 1)[1]: m for m in modules_of("quant_pipelines.plots")}
    return {name: m.MART_FIGURE for name, m in modules.items() if hasattr(m, "MART_FIGURE")}
