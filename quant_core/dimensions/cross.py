"""Two dimensions at once.

Put here: the dimension ``cross``.
Keep out: the dimensions it crosses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from quant_core.bars import Bars
from quant_core.dimensions.contract import Cycle, Dimension
from quant_core.dimensions.dow import Dow
from quant_core.dimensions.hour import Hour

CYCLES: tuple[Cycle, ...] = ("day", "week", "month", "year")
"""Cycles from short to long."""


@dataclass(frozen=True)
class Cross(Dimension):
    """Every pair of bins of two dimensions, labelled ``first|second``, the second running faster.

    Attributes:
        first, second: the dimensions; default hour by day of week. A spec writes ``hour x dow``.

    Look-ahead: as its parts. Missing: null where either part is null.
    Source: none, ours.

    Example, by hand: 2024-01-01 00:00 UTC is a Monday.

    >>> bars = Bars.of(close=[1.0, 1.0])
    >>> Cross().labels(bars).to_list(), len(Cross().bins), Cross().cycle
    (['0|0', '1|0'], 168, 'week')
    >>> print(Cross())
    cross(first=hour(zone=utc),second=dow(zone=session))
    """

    first: Dimension = field(default_factory=Hour)
    second: Dimension = field(default_factory=Dow)

    @property
    def bins(self) -> tuple[str, ...]:
        return tuple(f"{a}|{b}" for a in self.first.bins for b in self.second.bins)

    @property
    def cycle(self) -> Cycle:
        return self._longer.cycle

    @property
    def _longer(self) -> Dimension:
        """The part with the longer cycle, the first of equals."""
        return max((self.first, self.second), key=lambda part: CYCLES.index(part.cycle))

    def cycle_day(self, bars: Bars) -> pl.Series:
        return self._longer.cycle_day(bars)

    def codes(self, bars: Bars) -> pl.Series:
        outer, inner = self.first.codes(bars), self.second.codes(bars)
        return (outer * len(self.second.bins) + inner).cast(pl.Int32).alias(self.canonical)
