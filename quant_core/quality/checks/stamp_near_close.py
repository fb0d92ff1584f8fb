"""Daily bars whose stamp may be their close.

Put here: the check ``stamp_near_close``.
Keep out: what a stamp means (quant_core/ingestion/bar_stamps.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules
from quant_core.timeframes import Timeframe


@dataclass(frozen=True)
class StampNearClose(QualityCheck):
    """A D1 bar is stamped in the second half of its session.

    Either the stamp is the bar's close and ``bar_stamp: close`` is not declared, or the source's days are those of
    another zone and the bar reaches into the next session: then it completes later than its ``ts_close`` says.

    Look-ahead: none. Missing: none possible. Source: none, ours.

    >>> from datetime import datetime, UTC
    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> rows = example_rows(ts=[datetime(2024, 1, 2, h, tzinfo=UTC) for h in (0, 5, 16)])
    >>> StampNearClose().find(checked(rows, timeframe=Timeframe.D1)).mask.to_list()
    [False, False, True]
    """

    @property
    def phase(self) -> Phase:
        return "series"

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return (
            "A daily bar is stamped in the second half of its session: declare bar_stamp: close if that is its end, or "
            "the calendar whose days begin at that hour. The bar is kept as it is stamped."
        )

    def find(self, rows: CheckedRows) -> Finding:
        if rows.timeframe is not Timeframe.D1:
            return Finding(rows.mask(pl.col("ts").is_null()))
        bounds = rows.calendar.bins(rows.frame["ts"], Timeframe.D1)
        elapsed, left = rows.frame["ts"] - bounds["ts"], bounds["ts_close"] - rows.frame["ts"]
        return Finding((elapsed > left).alias("found"))
