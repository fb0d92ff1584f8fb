"""Mean size of the move of a bar.

Put here: the profile metric ``own_abs_ret_mean``.
Keep out: the range of a bar (amp_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.profile_metrics._samples import AbsoluteReturn, BarValue
from quant_core.profile_metrics.contract import Kind, ProfileMetric


@dataclass(frozen=True)
class OwnAbsRetMean(ProfileMetric):
    """Mean of |close/open - 1|.

    Look-ahead: none. Missing: bars with a price of zero or less are left out.
    Source: none, ours.

    >>> from quant_core.bars import Bars
    >>> OwnAbsRetMean().bar_value.compute(Bars.of(open=[10.0], close=[9.0])).round(6).to_list()
    [0.1]
    """

    replaces = (("abs_ret_mean", "own_abs_ret_mean"),)

    @property
    def bar_value(self) -> BarValue:
        return AbsoluteReturn()

    @property
    def kind(self) -> Kind:
        return "mean"
