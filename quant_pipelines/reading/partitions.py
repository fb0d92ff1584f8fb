"""Partitions: the rows of some symbols and timeframes.

Put here: the one filter that every answer shares.
Keep out: parsing of what people type (cli/).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def of_partitions(rows: pl.DataFrame, symbols: Sequence[str], timeframes: Sequence[str]) -> pl.DataFrame:
    """The rows of the named symbols and timeframes; an empty list leaves nothing out.

    >>> rows = pl.DataFrame({"symbol": ["A", "A", "B"], "timeframe": ["D1", "W1", "D1"]})
    >>> [of_partitions(rows, *asked).height for asked in ((["A"], []), ([], ["D1"]), (["A"], ["D1"]), ([], []))]
    [2, 2, 1, 3]
    """
    if symbols:
        rows = rows.filter(pl.col("symbol").is_in(symbols))
    return rows.filter(pl.col("timeframe").is_in(timeframes)) if timeframes else rows
