"""The bar that is still running.

Put here: the check ``unfinished_bar``.
Keep out: bars that have not opened (future_bar.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class UnfinishedBar(QualityCheck):
    """The bar is open but not complete at the snapshot: ts <= now < ts_close.

    Look-ahead: none; keeping it would be look-ahead. Missing: none possible.

    Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> from datetime import datetime, UTC
    >>> rows = example_rows(close=[1.0, 2.0])
    >>> UnfinishedBar().find(checked(rows, now=datetime(2024, 1, 1, 1, 30, tzinfo=UTC))).mask.to_list()
    [False, True]
    """

    @property
    def phase(self) -> Phase:
        return "row"

    @property
    def priority(self) -> int:
        return 6

    def severity(self, rules: QualityRules) -> Severity:
        return "dropped"

    @property
    def explanation(self) -> str:
        return (
            "The bar has opened but is not complete at the moment of the snapshot; its values will still change. "
            "The row is dropped."
        )

    def find(self, rows: CheckedRows) -> Finding:
        return Finding(rows.mask((pl.col("ts") <= rows.now) & (pl.col("ts_close") > rows.now)))
