"""Set-aside rows: stored rows that are not read as bars, as entries of the quarantine.

Put here: their form.
Keep out: which rows these are (raw_store.py) and rows that could not be read (quant_core.ingestion).
"""

from __future__ import annotations

import polars as pl

from quant_core.bars.history import VALUES


def as_quarantine(rows: pl.DataFrame, reason: str) -> pl.DataFrame:
    """Rows of the table ``raw_rows`` as table ``quarantine``; their values are the text."""
    values = [pl.col(c).cast(pl.String).fill_null("") for c in ("ts", *VALUES)]
    return rows.select(
        "origin",
        "origin_row",
        "symbol",
        "timeframe",
        "ts",
        pl.lit(reason).alias("reason"),
        pl.concat_str(values, separator=",").alias("raw_text"),
    )


def not_refused_before(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Refused rows beyond those that are stored in the same words; where a row stands may have changed since.

    A row that is stored at its very place is never stored again.

    Args:
        rows: table ``quarantine``: of a delivery.
        known: table ``quarantine``: what is stored.

    By hand: one "x" is known at another place, so of two only the second is new; "y" is known at 9, so that at 5 is.

    >>> columns = ["origin", "origin_row", "reason", "raw_text"]
    >>> def table(*rows): return pl.DataFrame(list(rows), schema=columns, orient="row")
    >>> rows = table(("t", 5, "bad", "x"), ("t", 6, "bad", "x"), ("t", 5, "bad", "y"), ("t", 9, "bad", "y"))
    >>> not_refused_before(rows, table(("t", 1, "bad", "x"), ("t", 9, "bad", "y"))).rows()
    [('t', 6, 'bad', 'x'), ('t', 5, 'bad', 'y')]
    """
    words, place = ["origin", "reason", "raw_text"], "origin_row"
    n_known = known.group_by(words).agg(_known=pl.len())
    counted = rows.with_columns(_offered=pl.len().over(words))
    counted = counted.join(n_known, on=words, how="left", nulls_equal=True, maintain_order="left")
    elsewhere = counted.join(known, on=[*words, place], how="anti", nulls_equal=True, maintain_order="left")
    n_new = pl.col("_offered").cast(pl.Int64) - pl.col("_known").fill_null(0)
    from_end = pl.len().over(words) - pl.int_range(pl.len()).over(words)
    return elsewhere.filter(from_end <= n_new).select(rows.columns)
