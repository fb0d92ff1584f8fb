"""Number of runs.

Put here: the profile metric ``n_runs``.
Keep out: their length (run_len_up_mean.py, run_len_down_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.profile_metrics._runs import RunStarts
from quant_core.profile_metrics._samples import BarValue
from quant_core.profile_metrics.contract import Kind, MetricReading, ProfileMetric


@dataclass(frozen=True)
class NRuns(ProfileMetric):
    """Runs that start in the bin, rising or falling.

    Look-ahead: one bar. Missing: the first run of the data is left out, its start is unknown.
    Source: ours. Differs from: the source system; see _runs.py.

    >>> from quant_core.bars import Bars
    >>> NRuns().bar_value.compute(Bars.of(close=[1.0, 2.0, 1.0])).to_list()
    [None, 1.0, None]
    """

    @property
    def reading(self) -> MetricReading:
        return "next"

    @property
    def bar_value(self) -> BarValue:
        return RunStarts()

    @property
    def kind(self) -> Kind:
        return "count"
