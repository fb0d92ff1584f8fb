"""The event bars behind cells of ``market_stats``, written on request.

Put here: the declaration of the table ``stats_details``.
Keep out: how the bars are found (market_stats/details.py).
"""

import polars as pl

from quant_core.tables._table import Column, Table

UTC = pl.Datetime("us", "UTC")
_CELL = ("symbol", "timeframe", "fold", "split", "event", "condition", "condition_value", "target")

TABLE = Table(
    name="stats_details",
    meaning="One row is one event bar of a cell of market_stats, with the outcome that the cell counts.",
    columns=(
        Column("symbol", pl.String, "id", "Symbol."),
        Column("timeframe", pl.String, "id", "Timeframe of the bars."),
        Column("fold", pl.Int64, "index", "Fold of the cell; -1 for the folds' tests pooled.", minimum=-1),
        Column("split", pl.String, "label", "train, test, or oos_pooled."),
        Column("event", pl.String, "id", "Canonical id of the event."),
        Column("condition", pl.String, "id", "Canonical id of the condition; 'all' for the event without a condition."),
        Column("condition_value", pl.String, "label", "State of the condition, by the bins that bar_fold learned."),
        Column("target", pl.String, "id", "Canonical id of the target."),
        Column("target_kind", pl.String, "label", "binary, numeric or time_to_event: what value means."),
        Column("ts", UTC, "UTC", "Open of the event bar."),
        Column("ts_close", UTC, "UTC", "Close of the event bar: when the event is known."),
        Column("bar_fold", pl.Int64, "index", "Fold whose split holds the bar; fold itself unless pooled.", minimum=0),
        Column(
            "value",
            pl.Float64,
            "unit of the target",
            "Outcome as the cell counts it: 1 or 0 of binary targets, the number of numeric ones, bars of "
            "time-to-event ones (cut at the end of the split). Their number, sum and mean are the cell's n, successes "
            "and mean. Bars without an observable outcome are no part of the cell.",
        ),
        Column("observed", pl.Boolean, "label", "False where a duration is censored; True otherwise."),
    ),
    key=(*_CELL, "ts"),
    order=(*_CELL, "ts"),
)
