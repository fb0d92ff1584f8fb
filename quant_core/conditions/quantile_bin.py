"""Quantile bins of any numeric feature.

Put here: the condition ``quantile_bin``.
Keep out: the features (features/) and bins that are not learned (the other conditions).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Window, learned
from quant_core.conditions._learned_bins import binned, quantile_cuts
from quant_core.conditions.contract import Condition
from quant_core.errors import ConfigError
from quant_core.features.contract import Feature
from quant_core.features.rsi import Rsi


@dataclass(frozen=True)
class QuantileBin(Condition):
    """The quantile bin of a feature, with cuts learned on the training bars.

    ``q1`` holds the lowest values, up to and including the first cut; ``qn`` those above the last. Where cuts
    coincide (a feature with many equal values), the bins between them are empty.

    Attributes:
        feature: the feature that is cut; numeric.
        n_bins: number of bins, ≥ 2.
        cuts: learned by ``fit``; empty when the training bars had fewer values than bins.

    Look-ahead: none once fitted; ``fit`` uses the training bars alone. Missing: null where the feature is null, and
    everywhere when ``cuts`` is empty.
    Source: none, ours.

    Raises:
        ConfigError: ``labels`` before ``fit``, or a feature that is a label.

    Example, by hand: the median of 1 … 4 is 2.5; later bars do not move it.

    >>> from quant_core.features.sma import Sma
    >>> halves = QuantileBin(feature=Sma(window_bars=1), n_bins=2).fit(Bars.of(close=[1, 2, 3, 4]))
    >>> halves.cuts, halves.labels(Bars.of(close=[1, 9, 2.5])).to_list(), halves.canonical
    ((2.5,), ['q1', 'q2', 'q1'], 'quantile_bin(feature=sma(window_bars=1),n_bins=2)')
    """

    feature: Feature = Rsi()  # noqa: RUF009 (a block is a frozen value)
    n_bins: Window = 5
    cuts: tuple[float, ...] | None = learned()

    @property
    def warmup(self) -> int:
        return self.feature.warmup

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(f"q{i}" for i in range(1, self.n_bins + 1))

    def _measure(self, bars: Bars) -> pl.Series:
        values = self.feature.compute(bars)
        if not values.dtype.is_numeric():
            raise ConfigError.at(
                f"{self.name}.feature",
                expected="a numeric feature",
                found=self.feature.canonical,
                next_step="Labels are conditions of their own; name another feature.",
            )
        return values.cast(pl.Float64)

    def fit(self, train: Bars) -> QuantileBin:
        return replace(self, cuts=quantile_cuts(self._measure(train), self.n_bins))

    def labels(self, bars: Bars) -> pl.Series:
        return binned(self._measure(bars), self.cuts, self.values, self.canonical)
