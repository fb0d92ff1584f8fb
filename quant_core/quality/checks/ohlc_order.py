"""Open, high, low and close that contradict each other.

Put here: the check ``ohlc_order``.
Keep out: prices that contradict their neighbors (spike.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class OhlcOrder(QualityCheck):
    """High is not the highest or low is not the lowest price of the bar; the parts may overlap.

    high_below_low: H < L; high_below_open_or_close: H < max(O, C); low_above_open_or_close: L > min(O, C).

    Look-ahead: none. Missing: rows with a null or non-finite price are not found. Source: none, ours.

    Example, by hand: a fine bar; a high below the close; a low above the open.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> rows = example_rows(open=[1, 1, 1], high=[2, 1, 2], low=[1, 1, 1.5], close=[2, 2, 2])
    >>> found = OhlcOrder().find(checked(rows))
    >>> found.mask.to_list(), {name: int(part.sum()) for name, part in found.parts.items()}
    ([False, True, True], {'high_below_low': 0, 'high_below_open_or_close': 1, 'low_above_open_or_close': 1})
    """

    @property
    def phase(self) -> Phase:
        return "row"

    @property
    def priority(self) -> int:
        return 30

    def severity(self, rules: QualityRules) -> Severity:
        return "quarantined"

    @property
    def explanation(self) -> str:
        return "High is not the highest or low not the lowest of the four prices: at least one of them is wrong."

    def find(self, rows: CheckedRows) -> Finding:
        o, h, low, c = (pl.col(p) for p in ("open", "high", "low", "close"))
        usable = pl.all_horizontal(pl.col("open", "high", "low", "close").is_finite())
        parts = {
            "high_below_low": h < low,
            "high_below_open_or_close": h < pl.max_horizontal(o, c),
            "low_above_open_or_close": low > pl.min_horizontal(o, c),
        }
        masks = {name: rows.mask(usable & part) for name, part in parts.items()}
        return Finding(rows.mask(usable & pl.any_horizontal(*parts.values())), masks)
