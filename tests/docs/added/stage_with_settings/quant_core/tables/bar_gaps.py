"""Runs of bars that the calendar expects and nobody delivered.

Put here: the declaration of the table ``bar_gaps``.
Keep out: finding the runs (quant_core/bars/coverage.py).
"""

import polars as pl

from quant_core.tables._table import Column, Table

UTC = pl.Datetime("us", "UTC")

TABLE = Table(
    name="bar_gaps",
    meaning="One row is one run of missing bars of one symbol at one timeframe.",
    columns=(
        Column("start", UTC, "UTC", "Open of the first missing bar."),
        Column("end", UTC, "UTC", "Open of the last missing bar."),
        Column("n_missing", pl.Int64, "bars", "Length of the run.", minimum=1),
    ),
    key=("start",),
    order=("start",),
)
