"""Mean average true range.

Put here: the profile metric ``atr_mean``.
Keep out: the range of the bars of the bin themselves (amp_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.block import Count
from quant_core.profile_metrics._atr import RelativeAtr
from quant_core.profile_metrics._samples import BarValue
from quant_core.profile_metrics.contract import Kind, ProfileMetric


@dataclass(frozen=True)
class AtrMean(ProfileMetric):
    """Mean of the average true range as a fraction of the close.

    Attributes:
        period: bars in the average, at least 1; Wilder's smoothing.

    Look-ahead: none. Missing: the first ``period`` bars and closes of zero or less are left out.
    Source: ours. Differs from: the source system, which needs a column ``atr`` in the data.

    >>> AtrMean(period=2).bar_value.window_bars
    2
    """

    period: Count = 14

    @property
    def bar_value(self) -> BarValue:
        return RelativeAtr(self.period)

    @property
    def kind(self) -> Kind:
        return "mean"
