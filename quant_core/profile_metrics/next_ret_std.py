"""Spread of the forward return.

Put here: the profile metric ``next_ret_std``.
Keep out: the size of single bars (amp_mean.py, own_abs_ret_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.block import Count
from quant_core.profile_metrics._samples import BarValue, ForwardReturn
from quant_core.profile_metrics.contract import Kind, MetricReading, ProfileMetric


@dataclass(frozen=True)
class NextRetStd(ProfileMetric):
    """Sample standard deviation of the return over the next ``horizon_bars`` bars.

    Attributes:
        horizon_bars: length of the move in bars, at least 1.

    Look-ahead: exactly ``horizon_bars`` bars. Missing: bars without the later close are left out.
    Source: ours; the source system's definition.

    >>> NextRetStd().kind, NextRetStd().unit
    ('std', 'fraction')
    """

    replaces = (("ret_std", "next_ret_std"),)

    horizon_bars: Count = 1

    @property
    def reading(self) -> MetricReading:
        return "next"

    @property
    def bar_value(self) -> BarValue:
        return ForwardReturn(self.horizon_bars)

    @property
    def kind(self) -> Kind:
        return "std"
