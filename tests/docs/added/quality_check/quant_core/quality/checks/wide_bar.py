"""Bars whose high is a multiple of their low.

Put here: the check ``wide_bar``.
Keep out: jumps between bars (spike.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class WideBar(QualityCheck):
    """High above ten times the low, both positive.

    Look-ahead: none. Missing: none possible.

    Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> WideBar().find(checked(example_rows(high=[1.0, 11.0]))).mask.to_list()
    [False, True]
    """

    @property
    def phase(self) -> Phase:
        return "series"

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return "High above ten times the low: mostly a wrong digit. The bar is kept."

    def find(self, rows: CheckedRows) -> Finding:
        return Finding(rows.mask((pl.col("low") > 0) & (pl.col("high") > 10 * pl.col("low"))))
