"""Share of rises.

Put here: the profile metric ``next_p_up``.
Keep out: the size of the move (next_ret_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.block import Count
from quant_core.profile_metrics._samples import BarValue, Rises
from quant_core.profile_metrics.contract import Kind, MetricReading, ProfileMetric


@dataclass(frozen=True)
class NextPUp(ProfileMetric):
    """Share of bars after which the close is higher ``horizon_bars`` later; a flat move is no rise.

    Attributes:
        horizon_bars: length of the move in bars, at least 1.

    Look-ahead: exactly ``horizon_bars`` bars. Missing: bars without the later close are left out.
    Source: ours; the source system's definition.

    >>> from quant_core.bars import Bars
    >>> NextPUp().bar_value.compute(Bars.of(close=[1.0, 2.0, 2.0])).to_list()
    [1.0, 0.0, None]
    """

    replaces = (("p_up", "next_p_up"),)

    horizon_bars: Count = 1

    @property
    def reading(self) -> MetricReading:
        return "next"

    @property
    def bar_value(self) -> BarValue:
        return Rises(self.horizon_bars)

    @property
    def kind(self) -> Kind:
        return "rate"
