"""The family contract of events.

Put here: the abstract Event.
Keep out: any particular event.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Block


@dataclass(frozen=True)
class Event(Block):
    """Something that happened at a bar, decided at its close.

    Contract, proved for every block: appending bars never changes earlier values; the first ``warmup``
    values are null; the output is Boolean, one value per bar.
    """

    @property
    def warmup(self) -> int:
        """Bars at the start whose value is null."""
        return 0

    @abstractmethod
    def mask(self, bars: Bars) -> pl.Series:
        """True where the event happened, null where it cannot be decided."""
