"""What every quality check found in one partition.

Put here: the declaration of the table ``quality``.
Keep out: the checks (quant_core/quality/checks).
"""

import polars as pl

from quant_core.tables._table import Column, Table

UTC = pl.Datetime("us", "UTC")

TABLE = Table(
    name="quality",
    meaning="One row is one check (or one part of it, after a dot) on one partition, also when it found nothing; or "
    "one reason for which reading refused rows.",
    columns=(
        Column("check", pl.String, "id", "Check; a part of a check is written check.part."),
        Column("severity", pl.String, "label", "dropped, quarantined, unreadable or flagged (kept)."),
        Column("n_rows", pl.Int64, "count", "Rows found; for gaps the bars that are missing.", minimum=0),
        Column(
            "share",
            pl.Float64,
            "fraction",
            "n_rows / rows in; for gaps n_rows / bars expected; null for none.",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("first_ts", UTC, "UTC", "Open of the first bar found; null for none.", nullable=True),
        Column("last_ts", UTC, "UTC", "Open of the last bar found; null for none.", nullable=True),
        Column("example", pl.String, "text", "One or a few of the rows found; empty for none."),
        Column("explanation", pl.String, "text", "What the check means and what happens to the rows."),
    ),
    key=("check",),
    order=(),
)
