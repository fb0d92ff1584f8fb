"""How alike the seasonal profiles of symbols are.

Put here: the declaration of the table ``seasonality_correlations``.
Keep out: how it is computed (seasonality/comparison.py).
"""

import polars as pl

from quant_core.tables._table import Column, Table

TABLE = Table(
    name="seasonality_correlations",
    meaning="One row is one pair of symbols, dimension and metric; both orders and the diagonal are present.",
    columns=(
        Column("symbol_a", pl.String, "id", "Row of the matrix."),
        Column("symbol_b", pl.String, "id", "Column of the matrix."),
        Column("timeframe", pl.String, "id", "Timeframe of both."),
        Column("dimension", pl.String, "id", "Canonical id of the dimension."),
        Column("metric", pl.String, "id", "Canonical id of the metric."),
        Column("metric_name", pl.String, "label", "Short name to filter by."),
        Column("n_bins", pl.Int64, "count", "Bins that both symbols have with enough bars.", minimum=0),
        Column(
            "correlation",
            pl.Float64,
            "fraction",
            "Pearson correlation of the lifts; null under 3 bins or without spread.",
            nullable=True,
            minimum=-1,
            maximum=1,
        ),
        Column(
            "ci_low",
            pl.Float64,
            "fraction",
            "Lower bound by Fisher's z; null under 4 bins and on the diagonal.",
            nullable=True,
            minimum=-1,
            maximum=1,
        ),
        Column(
            "ci_high",
            pl.Float64,
            "fraction",
            "Upper bound by Fisher's z; null under 4 bins and on the diagonal.",
            nullable=True,
            minimum=-1,
            maximum=1,
        ),
    ),
    key=("symbol_a", "symbol_b", "timeframe", "dimension", "metric"),
    order=("symbol_a", "symbol_b", "timeframe", "dimension", "metric"),
)
