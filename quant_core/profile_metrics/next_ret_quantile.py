"""Quantile of the forward return.

Put here: the profile metric ``next_ret_quantile``.
Keep out: its mean (next_ret_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.block import Count, Fraction
from quant_core.profile_metrics._samples import BarValue, ForwardReturn
from quant_core.profile_metrics.contract import Kind, MetricReading, ProfileMetric, percent_name


@dataclass(frozen=True)
class NextRetQuantile(ProfileMetric):
    """Quantile of the return over the next ``horizon_bars`` bars; aliases ``next_ret_p25``, ``next_ret_q25``.

    Attributes:
        q: probability, in (0, 1); 0.5 is the median.
        horizon_bars: length of the move in bars, at least 1.

    Look-ahead: exactly ``horizon_bars`` bars. Missing: bars without the later close are left out.
    Source: ours; the source system's definition.

    >>> NextRetQuantile(q=0.25).short_name
    'next_ret_p25'
    """

    replaces = (("ret_quantile", "next_ret_quantile"),)

    q: Fraction = 0.5
    horizon_bars: Count = 1

    @property
    def reading(self) -> MetricReading:
        return "next"

    @property
    def bar_value(self) -> BarValue:
        return ForwardReturn(self.horizon_bars)

    @property
    def kind(self) -> Kind:
        return "quantile"

    @property
    def probability(self) -> float:
        return self.q

    @property
    def short_name(self) -> str:
        return percent_name("next_ret", self.q)
