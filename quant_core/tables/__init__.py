"""Table contracts: one file declares one table as ``TABLE``; the file name is the table's name.

Put here: declarations (column, dtype, unit, meaning, key, order).
Keep out: computing the table (its engine) and storing it (quant_pipelines.lake.lake).
"""

from __future__ import annotations

import importlib
import pkgutil

from quant_core.tables._table import Column, Table

__all__ = ["TABLES", "Column", "Table"]

TABLES: dict[str, Table] = {
    m.name: importlib.import_module(f"{__name__}.{m.name}").TABLE
    for m in pkgutil.iter_modules(__path__)
    if not m.name.startswith("_")
}
