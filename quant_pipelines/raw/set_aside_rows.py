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


def not_refused_before(rows: pl.DataFrame, known: list[pl.DataFrame]) -> pl.DataFrame:
    """Refused rows beyond those that are stored in the same words; where a row stands may have changed since.

    Args:
        rows: table ``quarantine``: of a delivery.
        known: table ``quarantine``: what is stored, at least one.

    By hand: one "x" is known at another place, so of two only the second is new.

    >>> columns = ["origin", "origin_row", "reason", "raw_text"]
    >>> rows = pl.DataFrame([("t", 5, "bad", "x"), ("t", 6, "bad", "x")], schema=columns, orient="row")
    >>> not_refused_before(rows, [pl.DataFrame([("t", 1, "bad", "x")], schema=columns, orient="row")]).rows()
    [('t', 6, 'bad', 'x')]
    """
    words = ["origin", "reason", "raw_text"]
    counts = pl.concat(frame.select(words) for frame in known).group_by(words).agg(_known=pl.len())
    numbered = rows.with_columns(_nth=pl.int_range(1, pl.len() + 1).over(words))
    counted = numbered.join(counts, on=words, how="left", nulls_equal=True, maintain_order="left")
    return counted.filter(pl.col("_nth") > pl.col("_known").fill_null(0)).select(rows.columns)
