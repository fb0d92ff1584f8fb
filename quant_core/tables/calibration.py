"""How often the pipeline's intervals, tests and verdicts err in worlds whose truth is known.

Put here: the declaration of the table ``calibration``.
Keep out: simulating and measuring (quant_core/calibration).
"""

import polars as pl

from quant_core.tables._table import Column, Table


def _fraction(name: str, meaning: str, *, nullable: bool = True) -> Column:
    return Column(name, pl.Float64, "fraction", meaning, nullable=nullable, minimum=0, maximum=1)


TABLE = Table(
    name="calibration",
    meaning="One row is one rate of one measure in one world, pooled over the cells of a target, event and condition.",
    columns=(
        Column("world", pl.String, "id", "Canonical id of the simulated world."),
        Column("split_bars", pl.Int64, "bars", "Bars of the training half and of the test half each.", minimum=1),
        Column("measure", pl.String, "label", "What is counted; see docs/calibration.md."),
        Column("target", pl.String, "id", "Name of the target block; 'any' for the whole family of a split."),
        Column("horizon_bars", pl.Int64, "bars", "Bars ahead of the target; 0 for all horizons together.", minimum=0),
        Column("event", pl.String, "id", "Name of the event block; 'any' for all pooled."),
        Column("condition", pl.String, "id", "Name of the condition block, 'all' without one; 'any' for all pooled."),
        Column(
            "effect",
            pl.Float64,
            "fraction",
            "True lift of the planted cell over its baseline at this horizon; null in worlds without a plant.",
            nullable=True,
        ),
        _fraction("nominal", "What the rate should be; null where there is no such number (power)."),
        _fraction("low", "Lowest rate that is required; null: none."),
        _fraction("high", "Highest rate that is required; null: none."),
        _fraction("rate", "Measured rate.", nullable=False),
        Column(
            "mc_se",
            pl.Float64,
            "fraction",
            "Monte Carlo standard error of the rate; worlds are independent, cells inside a world are not. Null for a "
            "single world.",
            nullable=True,
            minimum=0,
        ),
        Column("n_worlds", pl.Int64, "count", "Simulated worlds with at least one trial.", minimum=1),
        Column("n_trials", pl.Int64, "count", "Intervals, tests or families counted.", minimum=1),
        Column(
            "verdict",
            pl.String,
            "label",
            "meets, misses (outside the required range by over two standard errors), or unclear (outside, but within "
            "two). Null where nothing is required.",
            nullable=True,
        ),
    ),
    key=("world", "split_bars", "measure", "target", "horizon_bars", "event", "condition"),
    order=("world", "split_bars", "measure", "target", "horizon_bars", "event", "condition"),
)
