"""Functions of the core that SQL may call, so that a method is not written a second time in SQL.

Put here: one registration per function, on whole columns.
Keep out: the methods (quant_core) and connections (query.py).
"""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl
from duckdb.func import ARROW

from quant_core.inference.benjamini_hochberg import BenjaminiHochberg


def add_core_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``benjamini_hochberg(list of p-values)`` known: the list of q-values in the same order.

    >>> with duckdb.connect() as connection:
    ...     add_core_functions(connection)
    ...     connection.sql("SELECT benjamini_hochberg([0.005, 0.2, 0.04])").fetchall()
    [([0.015, 0.2, 0.06],)]
    """
    connection.create_function("benjamini_hochberg", _q_values, ["DOUBLE[]"], "DOUBLE[]", type=ARROW)


def _q_values(families: Any) -> Any:
    """An Arrow array of lists of p-values, one list per family of tests, as one of q-values."""
    lists = pl.Series(pl.from_arrow(families), dtype=pl.List(pl.Float64))
    adjusted = [BenjaminiHochberg().adjust(p_values.to_numpy()) for p_values in lists]
    series: Any = pl.Series(adjusted, dtype=pl.List(pl.Float64))
    return series.to_arrow()
