"""Rows with a price that is NaN or infinite.

Put here: the check ``not_finite``.
Keep out: empty prices (missing_price.py) and volume (unusable_volume.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class NotFinite(QualityCheck):
    """Open, high, low or close is NaN, +inf or -inf.

    Look-ahead: none. Missing: null is not found here.

    Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> NotFinite().find(checked(example_rows(close=[float("nan"), None]))).mask.to_list()
    [True, False]
    """

    @property
    def phase(self) -> Phase:
        return "row"

    @property
    def priority(self) -> int:
        return 11

    def severity(self, rules: QualityRules) -> Severity:
        return "quarantined"

    @property
    def explanation(self) -> str:
        return "Open, high, low or close is NaN or infinite. The row goes to quarantine."

    def find(self, rows: CheckedRows) -> Finding:
        return Finding(rows.mask(pl.any_horizontal(~pl.col("open", "high", "low", "close").is_finite())))
