"""Prices that jump far away and come straight back.

Put here: the check ``spike``.
Keep out: jumps that stay (news) and bars that contradict themselves (ohlc_order.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class Spike(QualityCheck):
    """A close, low or high that is far off and reverts within one bar.

    scale_t = 1.4826 × median(|log(c_i / c_{i-1})|) over the block of ``spike_window_bars`` bars before the block t
    lies in (blocks counted from the first bar), at least the median of all blocks' scales; far = more than
    max(spike_k × scale_t, log(1 + spike_min_fraction)).
    close: log(c_t / c_{t-1}) and log(c_{t+1} / c_t) are both far, of opposite sign, and their sum is below half of the
    first. low: log(min(o, c) / low) is far; high: log(high / max(o, c)) is far. Parts may overlap.

    Look-ahead: one bar (the reversal); a report, never an input of features. Missing: bars with a price ≤ 0 are never
    found. Source: none, ours.

    Example, by hand: a print of 1.2 among prices that move by 0.001 and a low of 0.8.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> close = [1.0, 1.001] * 20 + [1.2] + [1.0, 1.001] * 5
    >>> low = close[:-1] + [0.8]
    >>> found = Spike().find(checked(example_rows(close=close, open=close, high=close, low=low)))
    >>> found.mask.arg_true().to_list(), {name: int(part.sum()) for name, part in found.parts.items()}
    ([40, 50], {'close': 1, 'low': 1, 'high': 0})
    """

    @property
    def phase(self) -> Phase:
        return "series"

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return (
            "A close, low or high is many typical moves away and the price is back within one bar: likely a bad print."
        )

    def find(self, rows: CheckedRows) -> Finding:
        o, h, low, c = (pl.col(p) for p in ("open", "high", "low", "close"))
        positive = pl.all_horizontal(pl.col("open", "high", "low", "close") > 0)
        logs = rows.frame.select(
            positive.alias("positive"),
            move=pl.when(positive).then(c.log()).diff(),
            lower=pl.when(positive).then((pl.min_horizontal(o, c) / low).log()),
            upper=pl.when(positive).then((h / pl.max_horizontal(o, c)).log()),
        )
        window = rows.rules.spike_window_bars
        logs = logs.with_columns(block=pl.int_range(pl.len()) // window)
        scales = logs.group_by("block", maintain_order=True).agg(own=pl.col("move").abs().median() * 1.4826)
        scales = scales.select("block", scale=pl.max_horizontal(pl.col("own").shift(1), pl.col("own").median()))
        logs = logs.join(scales, on="block", how="left", maintain_order="left")
        smallest = float(np.log1p(rows.rules.spike_min_fraction))
        far = pl.max_horizontal(rows.rules.spike_k * pl.col("scale"), pl.lit(smallest))
        known = pl.col("scale").is_not_null()
        move, back = pl.col("move"), pl.col("move").shift(-1)
        reverts = (move.sign() == -back.sign()) & (back.abs() > far) & ((move + back).abs() < 0.5 * move.abs())
        parts = {
            "close": known & (move.abs() > far) & reverts,
            "low": known & (pl.col("lower") > far),
            "high": known & (pl.col("upper") > far),
        }
        masks = logs.select(e.fill_null(value=False).alias(name) for name, e in parts.items())
        return Finding(masks.select(pl.any_horizontal(pl.all())).to_series(), {n: masks[n] for n in parts})
