"""Bars without any range.

Put here: the check ``flat_bar``.
Keep out: bars without volume (zero_volume.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class FlatBar(QualityCheck):
    """Open, high, low and close are equal.

    Look-ahead: none. Missing: none possible.

    Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> FlatBar().find(checked(example_rows(high=[1.0, 2.0]))).mask.to_list()
    [True, False]
    """

    @property
    def phase(self) -> Phase:
        return "series"

    @property
    def priority(self) -> int:
        return 50

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return (
            "Open = high = low = close: one trade, no trade, or a source of closes only. Range-based statistics break "
            "on many of them. The bar is kept."
        )

    def find(self, rows: CheckedRows) -> Finding:
        return Finding(
            rows.mask(
                (pl.col("open") == pl.col("high"))
                & (pl.col("high") == pl.col("low"))
                & (pl.col("low") == pl.col("close"))
            )
        )
