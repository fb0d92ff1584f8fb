"""Hour of the day as a state.

Put here: the condition ``hour_bin``.
Keep out: the number itself (features/hour.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.conditions.contract import Condition
from quant_core.features._clock import ClockZone
from quant_core.features.hour import Hour


@dataclass(frozen=True)
class HourBin(Condition):
    """The hour, ``0`` to ``23``, of the bar's open on the clock of a zone.

    Attributes:
        zone: IANA zone, or ``exchange`` for the calendar's zone. A named zone follows its daylight saving.

    Look-ahead: none. Missing: null for bars of a session or longer.
    Source: none, ours.

    Example, by hand: midnight UTC in winter is 19 hours in New York.

    >>> HourBin().labels(Bars.of(close=[1, 2])).to_list()
    ['0', '1']
    >>> HourBin(zone="America/New_York").labels(Bars.of(close=[1])).to_list()
    ['19']
    """

    zone: ClockZone = "UTC"

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(str(i) for i in range(24))

    def labels(self, bars: Bars) -> pl.Series:
        return Hour(zone=self.zone).compute(bars).cast(pl.String).alias(self.canonical)
