"""Volumes that cannot be volumes.

Put here: the check ``unusable_volume``.
Keep out: a volume of zero (zero_volume.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class UnusableVolume(QualityCheck):
    """Volume is NaN, infinite or negative; its bar is kept with a null volume, because the prices stand.

    Look-ahead: none. Missing: null is not found. Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> UnusableVolume().find(checked(example_rows(volume=[-1.0, float("nan"), None, 0.0]))).mask.to_list()
    [True, True, False, False]
    """

    @property
    def phase(self) -> Phase:
        return "source"

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return "Volume is NaN, infinite or negative. The bar is kept, its volume becomes missing."

    def find(self, rows: CheckedRows) -> Finding:
        volume = pl.col("volume")
        return Finding(rows.mask(~volume.is_finite() | (volume < 0)))
