"""Rows as a source delivered them, typed, before any cleaning.

Put here: the declaration of the table ``raw_rows``, shared by every source and the raw store.
Keep out: cleaning; duplicates, disorder and broken prices are still in here.
"""

import polars as pl

from quant_core.tables._table import Column, Table

TABLE = Table(
    name="raw_rows",
    meaning="One row is one row of a source, in source order.",
    columns=(
        Column("symbol", pl.String, "id", "Symbol as used in partition keys."),
        Column("timeframe", pl.String, "id", "Native timeframe of the row."),
        Column("vendor_symbol", pl.String, "id", "The vendor's own name of the instrument."),
        Column(
            "ts",
            pl.Datetime("us", "UTC"),
            "UTC",
            "Open of the bar, after the declared stamp and zone were applied.",
        ),
        Column(
            "open",
            pl.Float64,
            "price",
            "As delivered, after the declared price scale; null where empty.",
            nullable=True,
        ),
        Column("high", pl.Float64, "price", "As delivered; null where empty.", nullable=True),
        Column("low", pl.Float64, "price", "As delivered; null where empty.", nullable=True),
        Column("close", pl.Float64, "price", "As delivered; null where empty.", nullable=True),
        Column(
            "volume",
            pl.Float64,
            "units of the source",
            "As delivered; null where the source has none.",
            nullable=True,
        ),
        Column("origin", pl.String, "id", "File name (member of an archive after '!') or table the row came from."),
        Column("origin_row", pl.Int64, "row number", "1-based line of a text file, else 1-based row."),
        Column(
            "raw_text",
            pl.String,
            "text",
            "The original line; kept only where the row looks wrong by itself, else null.",
            nullable=True,
        ),
    ),
    key=("origin", "origin_row", "symbol", "timeframe"),
    order=(),
)
