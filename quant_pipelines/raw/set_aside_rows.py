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
