"""Questions: cells of market_stats that ask the same one, listed together.

Put here: naming the others that ask it, and keeping one row of each.
Keep out: which cells ask the same (quant_core.market_stats), ranking (sql/marts).
"""

from __future__ import annotations

import polars as pl

ONE_QUESTION = ("symbol", "timeframe", "fold", "split", "hypothesis")


def with_twins(cells: pl.DataFrame) -> pl.DataFrame:
    """Add ``twins``: the names of the other cells that ask the same question, in the order of the rows.

    >>> cells = pl.DataFrame({"symbol": "S", "timeframe": "D1", "fold": 0, "split": "x", "hypothesis": ["h", "h"],
    ...                       "event": ["a", "b"], "condition": ["all", "c"], "condition_value": ["all", "y"],
    ...                       "target": "t"})
    >>> with_twins(cells)["twins"].to_list()
    [['b, c = y → t'], ['a → t']]
    """
    state = (
        pl.when(pl.col("condition") == "all")
        .then(pl.lit(""))
        .otherwise(pl.format(", {} = {}", "condition", "condition_value"))
    )
    named = cells.with_columns(pl.format("{}{} → {}", "event", state, "target").alias("_name"))
    members = named.group_by(ONE_QUESTION, maintain_order=True).agg(pl.col("_name").alias("twins"))
    joined = named.join(members, on=ONE_QUESTION, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(pl.col("twins").list.set_difference(pl.concat_list("_name"))).drop("_name")


def one_per_question(cells: pl.DataFrame) -> pl.DataFrame:
    """The first row of every question; rows without one stay.

    >>> cells = pl.DataFrame({"symbol": "S", "timeframe": "D1", "fold": 0, "split": "x",
    ...                       "hypothesis": ["h", None, "h", None]})
    >>> one_per_question(cells.with_row_index())["index"].to_list()
    [0, 1, 3]
    """
    first = pl.struct(ONE_QUESTION).is_first_distinct()
    return cells.filter(first | pl.col("hypothesis").is_null())
