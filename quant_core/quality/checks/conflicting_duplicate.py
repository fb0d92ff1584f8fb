"""Rows of one time with different values.

Put here: the check ``conflicting_duplicate``.
Keep out: exact repeats (identical_duplicate.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.checks.identical_duplicate import VALUES, among_repeated
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class ConflictingDuplicate(QualityCheck):
    """Rows that share their time (D1: their session, W1: their ISO week) but not their values.

    A daily row stamped outside its session (a Sunday's beside Monday's) loses to rows stamped inside. Of the rest
    nothing says which one is true, so all go to quarantine; a source that appends corrections may declare
    ``conflicting_duplicates: keep_last``, then all but the last in source order do. Exact repeats are left to
    their own check, and rows that another check removed do not conflict.

    Look-ahead: none. Missing: a missing volume differs from a present one. Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import QualityRules, checked
    >>> two = example_rows(close=[1.0, 2.0]).with_columns(ts=example_rows(close=[1.0])["ts"][0])
    >>> last = QualityRules(conflicting_duplicates="keep_last")
    >>> [ConflictingDuplicate().find(checked(two, rules=r)).mask.to_list() for r in (QualityRules(), last)]
    [[True, True], [True, False]]
    """

    @property
    def phase(self) -> Phase:
        return "set"

    @property
    def priority(self) -> int:
        return 2

    def severity(self, rules: QualityRules) -> Severity:
        return "quarantined"

    @property
    def explanation(self) -> str:
        return (
            "Several rows have the same time (D1: session, W1: week) and different values. All go to quarantine, or "
            "all but the last where the source declares conflicting_duplicates: keep_last."
        )

    def find(self, rows: CheckedRows) -> Finding:
        first, stray = pl.struct(VALUES).is_first_distinct(), pl.col("stray")
        if rows.rules.conflicting_duplicates == "keep_last":
            latest = pl.struct(VALUES) == pl.struct(VALUES).filter(~stray).last().over("slot")
            return Finding(among_repeated(rows, first & (stray | ~latest)))
        return Finding(among_repeated(rows, first & (stray | ((first & ~stray).sum().over("slot") > 1))))
