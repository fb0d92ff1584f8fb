"""How many of the bars that the calendar promises exist, month by month.

Put here: the declaration of the table ``coverage``.
Keep out: the counting (quant_core/bars/coverage.py).
"""

import polars as pl

from quant_core.tables._table import Column, Table

TABLE = Table(
    name="coverage",
    meaning="One row is one month of one symbol at one timeframe, between its first and its last bar.",
    columns=(
        Column("month", pl.Date, "date", "First day of the month of the trading session (calendar's zone)."),
        Column("n_bars", pl.Int64, "count", "Bars found in the month.", minimum=0),
        Column("n_expected", pl.Int64, "count", "Bars of a gapless feed, by the symbol's calendar.", minimum=0),
        Column("n_missing", pl.Int64, "count", "Expected bars that were not found.", minimum=0),
        Column("n_off_calendar", pl.Int64, "count", "Bars found where the calendar expects none.", minimum=0),
        Column(
            "share",
            pl.Float64,
            "fraction",
            "(n_expected - n_missing) / n_expected; null where nothing was expected.",
            nullable=True,
            minimum=0,
            maximum=1,
            formula=pl.when(pl.col("n_expected") > 0).then(
                (pl.col("n_expected") - pl.col("n_missing")) / pl.col("n_expected")
            ),
        ),
    ),
    key=("month",),
    order=("month",),
)
