"""Bars in the pauses between sessions.

Put here: the check ``outside_session``.
Keep out: bars on dates without a session (off_calendar.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules
from quant_core.timeframes import Timeframe


@dataclass(frozen=True)
class OutsideSession(QualityCheck):
    """The bar, at its nominal length, touches no session: it would be counted to the session after it.

    Bars on a date without a session, inside the regular hours, are none of these: they are a day of their own, which
    ``off_calendar`` flags. Neither are bars of a break, nor W1 bars.

    Look-ahead: none. Missing: none possible. Source: none, ours.

    Example, by hand: New York trades from 14:30 to 21:00 UTC; the hour from 14:00 reaches into the session.

    >>> from datetime import datetime, UTC
    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> rows = example_rows(ts=[datetime(2024, 1, 2, h, tzinfo=UTC) for h in (13, 14, 20, 21)])
    >>> OutsideSession().find(checked(rows, calendar="XNYS")).mask.to_list()
    [True, False, False, True]
    """

    @property
    def phase(self) -> Phase:
        return "row"

    @property
    def priority(self) -> int:
        return 45

    def severity(self, rules: QualityRules) -> Severity:
        return "quarantined" if rules.outside_sessions == "quarantine" else "flagged"

    @property
    def explanation(self) -> str:
        return (
            "The bar touches no session of the calendar: extended hours, a wrong clock or a wrong calendar. The row "
            "goes to quarantine; declare a calendar with wider hours, XNYS(04:00-20:00), or outside_sessions: keep."
        )

    def find(self, rows: CheckedRows) -> Finding:
        if rows.timeframe is Timeframe.W1 or rows.calendar.id == "always_open":
            return Finding(rows.mask(pl.col("ts").is_null()))
        return Finding(~rows.calendar.touches(rows.frame["ts"], rows.timeframe))
