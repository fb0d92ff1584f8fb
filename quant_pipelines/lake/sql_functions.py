"""Functions of the core that SQL may call, so that a method is not written a second time in SQL.

Put here: one registration per function, on whole columns.
Keep out: the methods (quant_core) and connections (query.py).
"""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl
from duckdb.func import ARROW

from quant_core.inference.selected_families import SelectedFamilies


def add_core_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``universe_q(list of p-values, list of their families)`` known: the q-values over all families, in order.

    >>> with duckdb.connect() as connection:
    ...     add_core_functions(connection)
    ...     connection.sql("SELECT universe_q([0.001, 0.03, 0.5, 0.9], ['a', 'a', 'b', 'b'])").fetchall()
    [([0.004, 0.06, 0.9, 0.9],)]
    """
    connection.create_function("universe_q", _q_values, ["DOUBLE[]", "VARCHAR[]"], "DOUBLE[]", type=ARROW)


def _q_values(p_values: Any, families: Any) -> Any:
    """Arrow arrays of lists, one list per universe, as one of q-values."""
    lists = pl.Series(pl.from_arrow(p_values), dtype=pl.List(pl.Float64))
    names = pl.Series(pl.from_arrow(families), dtype=pl.List(pl.String))
    adjusted = [
        SelectedFamilies().adjust(p.to_numpy(), family.to_numpy()) for p, family in zip(lists, names, strict=True)
    ]
    series: Any = pl.Series(adjusted, dtype=pl.List(pl.Float64))
    return series.to_arrow()
