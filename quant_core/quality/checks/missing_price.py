"""Rows without one of their prices.

Put here: the check ``missing_price``.
Keep out: prices that are no finite numbers (not_finite.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class MissingPrice(QualityCheck):
    """Open, high, low or close is null.

    Look-ahead: none. Missing: that is what it finds; a missing volume is no defect.

    Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> MissingPrice().find(checked(example_rows(close=[1.0, None]))).mask.to_list()
    [False, True]
    """

    @property
    def phase(self) -> Phase:
        return "row"

    @property
    def priority(self) -> int:
        return 10

    def severity(self, rules: QualityRules) -> Severity:
        return "quarantined"

    @property
    def explanation(self) -> str:
        return "Open, high, low or close is empty. The row goes to quarantine."

    def find(self, rows: CheckedRows) -> Finding:
        return Finding(rows.mask(pl.any_horizontal(pl.col("open", "high", "low", "close").is_null())))
