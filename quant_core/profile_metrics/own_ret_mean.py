"""Mean return of the bars of a bin themselves.

Put here: the profile metric ``own_ret_mean``.
Keep out: what follows the bars of a bin (next_ret_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.profile_metrics._samples import BarReturn, BarValue
from quant_core.profile_metrics.contract import Kind, ProfileMetric


@dataclass(frozen=True)
class OwnRetMean(ProfileMetric):
    """Mean of close[t]/close[t-1] - 1: what happened in the bin, not after it.

    A daily profile calls Friday's close to Monday's close the return of Monday here, and the forward return of
    Friday in ``next_ret_mean``. Calendar anomalies are usually stated in this form; signals need the other.

    Look-ahead: none. Missing: the first bar and closes of zero or less are left out.

    Source: none, ours.

    >>> from quant_core.bars import Bars
    >>> OwnRetMean().bar_value.compute(Bars.of(close=[1.0, 2.0, 3.0])).to_list()
    [None, 1.0, 0.5]
    """

    replaces = (("bar_ret_mean", "own_ret_mean"),)

    @property
    def bar_value(self) -> BarValue:
        return BarReturn()

    @property
    def kind(self) -> Kind:
        return "mean"
