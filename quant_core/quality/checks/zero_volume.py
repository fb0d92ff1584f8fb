"""Bars with a volume of zero.

Put here: the check ``zero_volume``.
Keep out: volumes that are no counts (unusable_volume.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class ZeroVolume(QualityCheck):
    """Volume equals 0.

    Look-ahead: none. Missing: null volume is not zero.

    Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> ZeroVolume().find(checked(example_rows(volume=[0.0, None, 2.0]))).mask.to_list()
    [True, False, False]
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
        return "Volume is zero: no trade was reported, or the source has no volume and writes 0. The bar is kept."

    def find(self, rows: CheckedRows) -> Finding:
        return Finding(rows.mask(pl.col("volume") == 0))
