"""Volatility in three grades.

Put here: the condition ``vol_tertile``.
Keep out: bins of other features (conditions/quantile_bin.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count, learned, renamed
from quant_core.conditions._learned_bins import binned, quantile_cuts
from quant_core.conditions.contract import Condition
from quant_core.features.true_range import TrueRange


@dataclass(frozen=True)
class VolTertile(Condition):
    """The mean true range of the last bars, graded by the thirds it had on the training bars.

    v_t = mean(TR_{t−window_bars+1} … TR_t), divided by close_t when relative; cuts c1, c2 = the 1/3 and 2/3 quantiles
    of v on the training bars. ``low``: v ≤ c1; ``high``: v > c2; ``mid``: the rest. When both cuts coincide,
    nothing is ``mid``.

    Attributes:
        window_bars: bars of the mean, ≥ 1.
        relative: True grades the range as a fraction of price, so that a market that tripled is not always ``high``;
            False grades it in price, as the source system does.
        cuts: learned by ``fit``; empty when the training bars had fewer than three values.

    Look-ahead: none once fitted; ``fit`` uses the training bars alone. Missing: null for the first ``window_bars``
    bars, where the close is not positive (relative), and everywhere when ``cuts`` is empty.
    Differs from: the source system, which cut each sample by its own quantiles, test data included.
    Source: none, ours.

    Raises:
        ConfigError: ``labels`` before ``fit``.

    Example, by hand, true ranges 1, 2, 3, 4: the thirds of 1 … 4 are 2 and 3 (linear interpolation).

    >>> train = Bars.of(high=[0, 1, 2, 3, 4], low=[0] * 5, close=[0] * 5)
    >>> fitted = VolTertile(window_bars=1, relative=False).fit(train)
    >>> fitted.cuts, fitted.labels(train).to_list()
    ((2.0, 3.0), [None, 'low', 'low', 'mid', 'high'])
    """

    window_bars: Count = renamed(20, "window")
    relative: bool = True
    cuts: tuple[float, ...] | None = learned()

    @property
    def warmup(self) -> int:
        return self.window_bars

    @property
    def values(self) -> tuple[str, ...]:
        return ("low", "mid", "high")

    def _measure(self, bars: Bars) -> pl.Series:
        mean = TrueRange().compute(bars).rolling_mean(self.window_bars)
        if not self.relative:
            return mean
        share = pl.when(pl.col("close") > 0).then(mean / pl.col("close"))
        return bars.frame.select(share.alias("share")).to_series()

    def fit(self, train: Bars) -> VolTertile:
        return replace(self, cuts=quantile_cuts(self._measure(train), 3))

    def labels(self, bars: Bars) -> pl.Series:
        return binned(self._measure(bars), self.cuts, self.values, self.canonical)
