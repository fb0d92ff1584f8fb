"""Bars from the future.

Put here: the check ``future_bar``.
Keep out: the bar that is still running (unfinished_bar.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class FutureBar(QualityCheck):
    """The bar opens after the snapshot.

    Look-ahead: none. Missing: none possible.

    Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> from datetime import datetime, UTC
    >>> FutureBar().find(checked(example_rows(close=[1.0, 2.0]), now=datetime(2024, 1, 1, tzinfo=UTC))).mask.to_list()
    [False, True]
    """

    @property
    def phase(self) -> Phase:
        return "row"

    @property
    def priority(self) -> int:
        return 5

    def severity(self, rules: QualityRules) -> Severity:
        return "quarantined"

    @property
    def explanation(self) -> str:
        return (
            "The bar opens after the moment of the snapshot: a wrong clock or a wrong date. The row goes to quarantine."
        )

    def find(self, rows: CheckedRows) -> Finding:
        return Finding(rows.mask(pl.col("ts") > rows.now))
