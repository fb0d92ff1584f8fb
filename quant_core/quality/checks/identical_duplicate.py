"""Rows delivered twice with equal values.

Put here: the check ``identical_duplicate``.
Keep out: rows of one time that differ (conflicting_duplicate.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from quant_core.bars.coverage import slot
from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules

VALUES = ("slot", "open", "high", "low", "close", "volume")


def among_repeated(rows: CheckedRows, expression: pl.Expr) -> pl.Series:
    """Evaluate a Boolean expression over the rows whose slot occurs more than once; False elsewhere.

    The column ``slot`` is what bars of one series may not share: the time of intraday bars, the session of D1 bars,
    the ISO week of W1 bars; ``stray`` rows lie outside the session in which another row of their slot lies.
    Most sources repeat nothing or little, so this spares the comparison of all rows.
    """
    repeated = rows.frame.select(slot(rows.timeframe).is_duplicated()).to_series()
    mask = np.zeros(rows.frame.height, dtype=bool)
    some = rows.frame.filter(repeated).with_columns(slot=slot(rows.timeframe))
    inside = pl.col("inside")
    some = some.with_columns(rows.calendar.in_session(some["ts"]).alias("inside"))
    some = some.with_columns(stray=~inside & inside.any().over("slot"))
    few = some.select(expression.fill_null(value=False).alias("found")).to_series()
    mask[repeated.to_numpy()] = few.to_numpy()
    return pl.Series("found", mask)


@dataclass(frozen=True)
class IdenticalDuplicate(QualityCheck):
    """A row that repeats time, prices and volume of an earlier row; the first one is kept.

        Of D1 bars the session is compared in place of the time, of W1 bars the ISO week: a date and a midnight of New
        York name the same day.

        Look-ahead: none. Missing: two missing volumes are equal. Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
        >>> from quant_core.quality import checked
        >>> IdenticalDuplicate().find(checked(example_rows(close=[1.0, 2.0])[[0, 1, 0]])).mask.to_list()
        [False, False, True]
    """

    @property
    def phase(self) -> Phase:
        return "set"

    @property
    def priority(self) -> int:
        return 1

    def severity(self, rules: QualityRules) -> Severity:
        return "dropped"

    @property
    def explanation(self) -> str:
        return (
            "The row repeats an earlier row exactly (time, prices, volume). The first is kept, the repeats are dropped."
        )

    def find(self, rows: CheckedRows) -> Finding:
        return Finding(among_repeated(rows, ~pl.struct(VALUES).is_first_distinct()))
