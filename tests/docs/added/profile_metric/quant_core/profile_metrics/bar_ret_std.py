"""Standard deviation of the returns of the bars of a bin themselves.

Put here: the profile metric ``bar_ret_std``.
Keep out: what follows the bars of a bin (next_ret_std.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.profile_metrics._samples import BarReturn, BarValue
from quant_core.profile_metrics.contract import Kind, ProfileMetric


@dataclass(frozen=True)
class BarRetStd(ProfileMetric):
    """Sample standard deviation of close[t]/close[t-1] - 1.

    Look-ahead: none. Missing: the first bar and closes of zero or less are left out.

    Source: none, ours.

    >>> from quant_core.bars import Bars
    >>> BarRetStd().bar_value.compute(Bars.of(close=[1.0, 2.0])).to_list()
    [None, 1.0]
    """

    @property
    def bar_value(self) -> BarValue:
        return BarReturn()

    @property
    def kind(self) -> Kind:
        return "std"
