"""Share of rises.

Put here: the profile metric ``next_p_up``.
Keep out: the size of the move (next_ret_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.block import Count, added
from quant_core.profile_metrics._samples import BarValue, Rises, Ties
from quant_core.profile_metrics.contract import Kind, MetricReading, ProfileMetric


@dataclass(frozen=True)
class NextPUp(ProfileMetric):
    """Share of the moves over ``horizon_bars`` bars after the bin's bars that rise.

    Attributes:
        horizon_bars: length of the move in bars, at least 1.
        ties: an unchanged close is left out (``exclude``: the share is that among moves), or no rise (``failure``).

    Look-ahead: exactly ``horizon_bars`` bars. Missing: bars without the later close are left out.
    Source: ours; the source system counts ties as no rises.

    >>> from quant_core.bars import Bars
    >>> NextPUp().bar_value.compute(Bars.of(close=[1.0, 2.0, 2.0])).to_list()
    [1.0, None, None]
    """

    replaces = (("p_up", "next_p_up"),)

    horizon_bars: Count = 1
    ties: Ties = added("exclude")

    @property
    def reading(self) -> MetricReading:
        return "next"

    @property
    def bar_value(self) -> BarValue:
        return Rises(self.horizon_bars, self.ties)

    @property
    def kind(self) -> Kind:
        return "rate"
