"""Mean average true range.

Put here: the profile metric ``atr_mean``.
Keep out: the range of the bars of the bin themselves (amp_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.block import Count, renamed
from quant_core.profile_metrics._atr import RelativeAtr
from quant_core.profile_metrics._samples import BarValue
from quant_core.profile_metrics.contract import Kind, ProfileMetric


@dataclass(frozen=True)
class AtrMean(ProfileMetric):
    """Mean of the average true range as a fraction of the close.

    Attributes:
        window_bars: bars in the average, at least 1; Wilder's smoothing.

    Look-ahead: none. Missing: the first ``window_bars`` bars and closes of zero or less are left out.
    Source: ours. Differs from: the source system, which needs a column ``atr`` in the data.

    >>> AtrMean(window_bars=2).bar_value.window_bars
    2
    """

    window_bars: Count = renamed(14, "period")

    @property
    def bar_value(self) -> BarValue:
        return RelativeAtr(self.window_bars)

    @property
    def kind(self) -> Kind:
        return "mean"
