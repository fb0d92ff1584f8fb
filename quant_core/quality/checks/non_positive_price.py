"""Prices of zero or below.

Put here: the check ``non_positive_price``.
Keep out: order of the four prices (ohlc_order.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class NonPositivePrice(QualityCheck):
    """Open, high, low or close is at most 0; flagged only where the source says that such prices are real.

    Look-ahead: none. Missing: null and NaN are not found. Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> NonPositivePrice().find(checked(example_rows(low=[0.0, 1.0, -37.63]))).mask.to_list()
    [True, False, True]
    """

    @property
    def phase(self) -> Phase:
        return "row"

    @property
    def priority(self) -> int:
        return 20

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged" if rules.allow_non_positive_prices else "quarantined"

    @property
    def explanation(self) -> str:
        return (
            "A price is zero or negative. The row goes to quarantine unless the source declares such prices real "
            "(allow_non_positive_prices); log returns do not exist there."
        )

    def find(self, rows: CheckedRows) -> Finding:
        return Finding(rows.mask(pl.any_horizontal(pl.col("open", "high", "low", "close") <= 0)))
