"""Questions: cells of market_stats, or bins of profiles, that ask the same one, listed together.

Put here: naming the others that ask it, and keeping one row of each.
Keep out: which of them ask the same (quant_core.market_stats, quant_core.seasonality), ranking (sql/marts).
"""

from __future__ import annotations

import polars as pl

ONE_QUESTION = ("symbol", "timeframe", "fold", "split", "hypothesis")
_ONE_QUESTION_OF_BINS = ("symbol", "timeframe", "metric", "hypothesis")


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


def one_bin_per_question(bins: pl.DataFrame) -> pl.DataFrame:
    """Of the bins that ask the same question the one with the fewest bars: of yes and no it is mostly yes.

    >>> bins = pl.DataFrame({"symbol": "S", "timeframe": "D1", "metric": "p_up", "bin": ["0", "1", "1"],
    ...                      "n": [90, 10, 9], "hypothesis": ["flag | 0", "flag | 0", "month | 1"]})
    >>> one_bin_per_question(bins).select("hypothesis", "bin").rows()
    [('flag | 0', '1'), ('month | 1', '1')]
    """
    fewest = bins.with_row_index("_row").sort("n", maintain_order=True)
    return fewest.unique(_ONE_QUESTION_OF_BINS, keep="first", maintain_order=True).sort("_row").drop("_row")
