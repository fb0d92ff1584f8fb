"""The family contract of conditions.

Put here: the abstract Condition.
Keep out: any particular condition.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Block


@dataclass(frozen=True)
class Condition(Block):
    """A categorical state of a bar, decided at its close.

    A condition whose bins are learned overrides ``fit``: it returns a copy with the bins frozen, and
    ``labels`` of an unfitted one raises. Contract, proved for every block: appending bars never changes
    earlier labels of a fitted condition; labels come from ``values``; null where undefined.
    """

    @property
    def warmup(self) -> int:
        """Bars at the start whose label is null."""
        return 0

    @property
    @abstractmethod
    def values(self) -> tuple[str, ...]:
        """Every label that can occur, in display order."""

    def fit(self, train: Bars) -> Condition:
        """Learn the bins on training bars; nothing to learn by default."""
        del train
        return self

    @abstractmethod
    def labels(self, bars: Bars) -> pl.Series:
        """One label per bar (String), null where undefined."""
