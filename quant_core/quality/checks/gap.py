"""Bars that the calendar expects and the source does not have.

Put here: the check ``gap``.
Keep out: which bars are expected (calendars, coverage.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars.coverage import gaps, monthly_coverage
from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class Gap(QualityCheck):
    """Expected bars that are missing between the first and the last bar; marks the first bar after each gap.

    Look-ahead: none of interest; a report over the whole history. Missing: that is what it finds.
    Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> found = Gap().find(checked(example_rows(close=[1.0] * 5)[[0, 1, 4]]))
    >>> found.n_rows, found.mask.to_list(), found.example
    (2, [False, False, True], '1 gaps; largest: 2 bars from 2024-01-01 02:00 to 2024-01-01 03:00')
    """

    @property
    def phase(self) -> Phase:
        return "series"

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return "Bars the calendar expects between the first and the last bar are missing. Counted in missing bars."

    def find(self, rows: CheckedRows) -> Finding:
        bars = rows.bars()
        found = gaps(bars)
        if found.is_empty():
            return Finding(rows.mask(pl.lit(value=False).repeat_by(pl.len()).explode()), n_rows=0)
        after = rows.frame["ts"].search_sorted(found["end"], side="right")
        mask = pl.Series("found", [False]).new_from_index(0, rows.frame.height)
        mask = mask.scatter(after.filter(after < rows.frame.height), True)
        largest = found.sort("n_missing", descending=True, maintain_order=True).head(rows.rules.n_examples)
        texts = [f"{n} bars from {a:%Y-%m-%d %H:%M} to {b:%Y-%m-%d %H:%M}" for a, b, n in largest.iter_rows()]
        example = f"{found.height} gaps; largest: " + "; ".join(texts)
        n_expected = int(monthly_coverage(bars)["n_expected"].sum())
        return Finding(mask, n_rows=int(found["n_missing"].sum()), n_of=n_expected, example=example)
