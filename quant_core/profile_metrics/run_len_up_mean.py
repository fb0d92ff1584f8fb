"""Mean length of rising runs.

Put here: the profile metric ``run_len_up_mean``.
Keep out: how runs are found (_runs.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.profile_metrics._runs import RunLength
from quant_core.profile_metrics._samples import BarValue
from quant_core.profile_metrics.contract import Kind, MetricReading, ProfileMetric


@dataclass(frozen=True)
class RunLenUpMean(ProfileMetric):
    """Mean length of completed rising runs in bars that moved, at the bar where they start.

    Look-ahead: to the end of the run. Missing: the first run (its start is unknown) and the censored last run are
    left out.
    Source: ours. Differs from: the source system; see _runs.py.

    >>> from quant_core.bars import Bars
    >>> RunLenUpMean().bar_value.compute(Bars.of(close=[3.0, 2.0, 3.0, 4.0, 1.0])).to_list()
    [None, 2.0, None, None, None]
    """

    @property
    def reading(self) -> MetricReading:
        return "next"

    @property
    def bar_value(self) -> BarValue:
        return RunLength("up")

    @property
    def kind(self) -> Kind:
        return "mean"
