"""Volumes that are missing while other rows have one.

Put here: the check ``missing_volume``.
Keep out: series without any volume, which is usual for quotes, and volumes that are no numbers (unusable_volume.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class MissingVolume(QualityCheck):
    """Volume is missing, or was no number in the file, while other rows of the series have one; the bar is kept.

    Look-ahead: none that matters; whether any row has a volume is judged over the whole series.
    Missing: null is found. Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> MissingVolume().find(checked(example_rows(volume=[5.0, None]))).mask.to_list()
    [False, True]
    >>> MissingVolume().find(checked(example_rows(volume=[None, None]))).mask.to_list()
    [False, False]
    """

    @property
    def phase(self) -> Phase:
        return "source"

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return "Volume is missing or was no number, while other rows have one. The bar is kept without a volume."

    def find(self, rows: CheckedRows) -> Finding:
        volume = pl.col("volume")
        return Finding(rows.mask(volume.is_null() & volume.is_not_null().any()))
