"""Rows that step back in time.

Put here: the check ``order_violation``.
Keep out: repeated times (identical_duplicate.py, conflicting_duplicate.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class OrderViolation(QualityCheck):
    """A row whose time is before the row above it; in a wholly descending source every row but the first.

    Only rows that follow one another in one file or table are compared: a later delivery may change old bars.

    Look-ahead: none. Missing: none possible. Source: none, ours.

    Example, by hand: 10:00, 09:00, 11:00 step back once.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> hour = example_rows(close=[1.0])["ts"][0].replace
    >>> rows = example_rows(ts=[hour(hour=10), hour(hour=9), hour(hour=11)])
    >>> OrderViolation().find(checked(rows)).mask.to_list()
    [False, True, False]
    """

    @property
    def phase(self) -> Phase:
        return "source"

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return "The row's time is before the row above it in the source. Rows are sorted; nothing is lost."

    def find(self, rows: CheckedRows) -> Finding:
        follows = (pl.col("origin") == pl.col("origin").shift(1)) & (
            pl.col("origin_row") > pl.col("origin_row").shift(1)
        )
        return Finding(rows.mask(follows & (pl.col("ts") < pl.col("ts").shift(1))))
