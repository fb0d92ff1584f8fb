"""The features of one symbol at one timeframe.

Put here: the declaration of the table ``features``.
Keep out: how a feature is computed (features/, one file each).
"""

import polars as pl

from quant_core.tables._table import Column, Table

UTC = pl.Datetime("us", "UTC")

TABLE = Table(
    name="features",
    meaning=(
        "One row is one bar; after the declared columns, one column per feature, named by its canonical id, "
        "null where the feature is undefined."
    ),
    columns=(
        Column("ts", UTC, "UTC", "Open of the bar."),
        Column("ts_close", UTC, "UTC", "The moment from which the values of the row may be used."),
    ),
    key=("ts",),
    order=("ts",),
    extra_columns=True,
)
