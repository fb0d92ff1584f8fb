"""Whether a seasonal effect is there every year.

Put here: the declaration of the table ``seasonality_stability``.
Keep out: how it is computed (seasonality/stability.py).
"""

import polars as pl

from quant_core.tables._table import Column, Table

TABLE = Table(
    name="seasonality_stability",
    meaning="One row is one metric in one bin of one dimension within one year or one half of the bars.",
    columns=(
        Column("symbol", pl.String, "id", "Symbol as used in partition keys."),
        Column("timeframe", pl.String, "id", "Timeframe of the bars."),
        Column("dimension", pl.String, "id", "Canonical id of the dimension."),
        Column("bin", pl.String, "label", "Label of the bin."),
        Column("bin_order", pl.Int32, "count", "Position of the bin in display order, from 0.", minimum=0),
        Column("metric", pl.String, "id", "Canonical id of the metric."),
        Column("metric_name", pl.String, "label", "Short name to filter by."),
        Column("reading", pl.String, "label", "own: what the bars of the bin did; next: what followed their close."),
        Column("period", pl.String, "label", "A year such as 2019, the ISO year for weeks, or half_1, half_2."),
        Column("n_sessions", pl.Int64, "count", "Sessions of the period with a bar; weeks for W1.", minimum=1),
        Column(
            "n_sessions_scheduled",
            pl.Int64,
            "count",
            "Sessions that the calendar has in the whole year; weeks for W1. Null for halves.",
            nullable=True,
            minimum=0,
        ),
        Column(
            "is_partial",
            pl.Boolean,
            "label",
            "Whether bars lack in more than 2 % of the year's sessions, as in most first and last years; such a year "
            "is no full year. Null for halves.",
            nullable=True,
        ),
        Column("n", pl.Int64, "count", "Bars with an observable value.", minimum=0),
        Column("value", pl.Float64, "unit", "The metric in the bin; null where undefined.", nullable=True),
        Column("ci_low", pl.Float64, "unit", "Lower bound of the interval of value.", nullable=True),
        Column("ci_high", pl.Float64, "unit", "Upper bound of the interval of value.", nullable=True),
        Column("baseline", pl.Float64, "unit", "The metric over the other bins of the same period.", nullable=True),
        Column("lift", pl.Float64, "unit", "value - baseline.", nullable=True),
        Column(
            "p_value",
            pl.Float64,
            "fraction",
            "Two-sided test within the period; null under 10 clusters.",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
    ),
    key=("symbol", "timeframe", "dimension", "bin", "metric", "period"),
    order=("symbol", "timeframe", "dimension", "bin_order", "metric", "period"),
)
