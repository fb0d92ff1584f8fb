"""Mean forward return.

Put here: the profile metric ``next_ret_mean``.
Keep out: its quantiles (next_ret_quantile.py) and sign (next_p_up.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.block import Count
from quant_core.profile_metrics._samples import BarValue, ForwardReturn
from quant_core.profile_metrics.contract import Kind, MetricReading, ProfileMetric


@dataclass(frozen=True)
class NextRetMean(ProfileMetric):
    """Mean of the simple return over the next ``horizon_bars`` bars.

    Attributes:
        horizon_bars: length of the move in bars, at least 1.

    Look-ahead: exactly ``horizon_bars`` bars. Missing: bars without the later close are left out.
    Source: ours; the source system's definition.

    >>> from quant_core.bars import Bars
    >>> NextRetMean(horizon_bars=2).bar_value.compute(Bars.of(close=[1.0, 2.0, 3.0])).to_list()
    [2.0, None, None]
    """

    replaces = (("ret_mean", "next_ret_mean"),)

    horizon_bars: Count = 1

    @property
    def reading(self) -> MetricReading:
        return "next"

    @property
    def bar_value(self) -> BarValue:
        return ForwardReturn(self.horizon_bars)

    @property
    def kind(self) -> Kind:
        return "mean"
