"""Mean length of falling runs.

Put here: the profile metric ``run_len_down_mean``.
Keep out: how runs are found (_runs.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.profile_metrics._runs import RunLength
from quant_core.profile_metrics._samples import BarValue
from quant_core.profile_metrics.contract import Kind, MetricReading, ProfileMetric


@dataclass(frozen=True)
class RunLenDownMean(ProfileMetric):
    """Mean length of completed falling runs in bars that moved, at the bar where they start.

    Look-ahead: to the end of the run. Missing: the first run (its start is unknown) and the censored last run are
    left out.
    Source: ours. Differs from: the source system; see _runs.py.

    >>> from quant_core.bars import Bars
    >>> RunLenDownMean().bar_value.compute(Bars.of(close=[1.0, 2.0, 1.0, 3.0])).to_list()
    [None, 1.0, None, None]
    """

    @property
    def reading(self) -> MetricReading:
        return "next"

    @property
    def bar_value(self) -> BarValue:
        return RunLength("down")

    @property
    def kind(self) -> Kind:
        return "mean"
