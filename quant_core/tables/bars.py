"""The cleaned bars of one symbol at one timeframe.

Put here: the declaration of the table ``bars``.
Keep out: how rows get clean (quality.py) and how they are resampled (resample.py).
"""

import polars as pl

from quant_core.tables._table import Column, Table

UTC = pl.Datetime("us", "UTC")

TABLE = Table(
    name="bars",
    meaning="One row is one completed bar of one symbol at one timeframe.",
    columns=(
        Column("ts", UTC, "UTC", "Open of the bar."),
        Column("ts_close", UTC, "UTC", "The moment the bar is complete; nothing of the bar is known before."),
        Column("open", pl.Float64, "price", "First price."),
        Column("high", pl.Float64, "price", "Highest price."),
        Column("low", pl.Float64, "price", "Lowest price."),
        Column("close", pl.Float64, "price", "Last price."),
        Column(
            "volume",
            pl.Float64,
            "units of the source",
            "Traded volume; null where the source has none.",
            nullable=True,
            minimum=0,
        ),
        Column("session_date", pl.Date, "exchange date", "Trading session the bar belongs to, in the calendar's zone."),
    ),
    key=("ts",),
    order=("ts",),
)
