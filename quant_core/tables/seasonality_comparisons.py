"""The seasonal profiles of two symbols side by side.

Put here: the declaration of the table ``seasonality_comparisons``.
Keep out: how it is computed (seasonality/comparison.py).
"""

import polars as pl

from quant_core.tables._table import Column, Table

TABLE = Table(
    name="seasonality_comparisons",
    meaning="One row is one metric in one bin that both symbols have.",
    columns=(
        Column("symbol_a", pl.String, "id", "First symbol."),
        Column("symbol_b", pl.String, "id", "Second symbol."),
        Column("timeframe", pl.String, "id", "Timeframe of both."),
        Column("dimension", pl.String, "id", "Canonical id of the dimension."),
        Column("bin", pl.String, "label", "Label of the bin."),
        Column("bin_order", pl.Int32, "count", "Position of the bin in display order, from 0.", minimum=0),
        Column("metric", pl.String, "id", "Canonical id of the metric."),
        Column("metric_name", pl.String, "label", "Short name to filter by."),
        *(
            Column(f"{name}_{side}", dtype, unit, f"{meaning} of symbol {side}.", nullable=nullable)
            for side in ("a", "b")
            for name, dtype, unit, meaning, nullable in (
                ("n", pl.Int64, "count", "Bars with a value", False),
                ("value", pl.Float64, "unit", "The metric in the bin", True),
                ("baseline", pl.Float64, "unit", "Baseline", True),
                ("lift", pl.Float64, "unit", "Lift", True),
            )
        ),
        Column("lift_diff", pl.Float64, "unit", "lift_a - lift_b.", nullable=True),
        Column(
            "lift_diff_low",
            pl.Float64,
            "unit",
            "Lower bound, the symbols taken as independent; null unless rate or mean.",
            nullable=True,
        ),
        Column(
            "lift_diff_high",
            pl.Float64,
            "unit",
            "Upper bound, the symbols taken as independent; null unless rate or mean.",
            nullable=True,
        ),
    ),
    key=("symbol_a", "symbol_b", "timeframe", "dimension", "bin", "metric"),
    order=("symbol_a", "symbol_b", "timeframe", "dimension", "bin_order", "metric"),
)
