"""The family contract of features.

Put here: the abstract Feature.
Keep out: any particular feature.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Block


@dataclass(frozen=True)
class Feature(Block):
    """A causal numeric series: the value at bar t uses bars 0 … t only.

    Contract, proved for every block: appending bars never changes earlier values; the first ``warmup``
    values are null; the output is finite Float64 (or Int32/String for calendar fields), one value per bar.

    Prices of bars are finite and never null; volume may be null, and each feature says what it does then.
    """

    @property
    def warmup(self) -> int:
        """Bars at the start whose value is null."""
        return 0

    @property
    @abstractmethod
    def unit(self) -> str:
        """What one unit of the value is: ``price``, ``fraction``, ``bars``, ``label``, and so on."""

    @abstractmethod
    def compute(self, bars: Bars) -> pl.Series:
        """One value per bar, named by the canonical id; null where undefined."""
