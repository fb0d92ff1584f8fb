"""Bars at times when the market is closed.

Put here: the check ``off_calendar``.
Keep out: missing bars (gap.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules
from quant_core.timeframes import Timeframe


@dataclass(frozen=True)
class OffCalendar(QualityCheck):
    """Intraday: the bar opens and completes outside every session. D1: its date is no session. W1: never.

    Look-ahead: none. Missing: none possible. Source: none, ours.

    Example, by hand: 2024-01-01 was a holiday in New York.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> OffCalendar().find(checked(example_rows(close=[1.0]), calendar="XNYS")).mask.to_list()
    [True]
    """

    @property
    def phase(self) -> Phase:
        return "series"

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return "The bar lies outside the calendar's sessions: a holiday, a wrong clock or a wrong calendar. It is kept."

    def find(self, rows: CheckedRows) -> Finding:
        if rows.timeframe is Timeframe.W1 or rows.frame.is_empty():
            return Finding(rows.mask(pl.col("ts").is_null()))
        if rows.timeframe.is_intraday:
            last = rows.frame["ts_close"] - timedelta(microseconds=1)
            return Finding(~(rows.calendar.in_session(rows.frame["ts"]) | rows.calendar.in_session(last)))
        dates = rows.frame["session_date"]
        known = rows.calendar.sessions(dates.min(), dates.max())["session_date"]  # pyright: ignore[reportArgumentType]
        return Finding(rows.mask(~pl.col("session_date").is_in(known.to_list())))
