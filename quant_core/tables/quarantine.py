"""Rows that were not good enough, with the reason: nothing is lost silently.

Put here: the declaration of the table ``quarantine``.
Keep out: the rules that send rows here (ingestion/ for unreadable rows, quality/ for impossible bars).
"""

import polars as pl

from quant_core.tables._table import Column, Table

TABLE = Table(
    name="quarantine",
    meaning="One row is one source row that was refused, in the words of one delivery, and why.",
    columns=(
        Column("origin", pl.String, "id", "File or table the row came from."),
        Column("origin_row", pl.Int64, "row number", "1-based line of a text file, else 1-based row."),
        Column("symbol", pl.String, "id", "Symbol, where it was readable.", nullable=True),
        Column("timeframe", pl.String, "id", "Timeframe, where it was readable.", nullable=True),
        Column("ts", pl.Datetime("us", "UTC"), "UTC", "Open of the bar, where it was readable.", nullable=True),
        Column(
            "reason",
            pl.String,
            "label",
            "Rule that refused the row, e.g. unparsable_ts, ohlc_order, conflicting_duplicate.",
        ),
        Column("raw_text", pl.String, "text", "The original line, or the typed values where the source has no text."),
    ),
    # A file that is delivered again may have another row at the same place, and both were refused.
    key=("origin", "origin_row", "symbol", "timeframe", "ts", "reason", "raw_text"),
    order=(),
)
