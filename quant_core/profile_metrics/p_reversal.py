"""Share of runs that soon reverse.

Put here: the profile metric ``p_reversal``.
Keep out: mean lengths (run_len_up_mean.py, run_len_down_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.block import Count, renamed
from quant_core.profile_metrics._runs import RunReverses
from quant_core.profile_metrics._samples import BarValue
from quant_core.profile_metrics.contract import Kind, MetricReading, ProfileMetric


@dataclass(frozen=True)
class PReversal(ProfileMetric):
    """Share of the runs starting in the bin that turn after at most ``horizon_bars`` bars that moved.

    Attributes:
        horizon_bars: length in bars, at least 1; bars without a move are not counted.

    Look-ahead: ``horizon_bars`` + 1 bars that move. Missing: the first run is left out; the censored last run counts
    only once it has outlived ``horizon_bars``.
    Source: ours. Differs from: the source system; see _runs.py.

    >>> from quant_core.bars import Bars
    >>> PReversal().bar_value.compute(Bars.of(close=[2.0, 1.0, 2.0, 1.0])).to_list()
    [None, 1.0, None, None]
    """

    horizon_bars: Count = renamed(1, "within_bars")

    @property
    def reading(self) -> MetricReading:
        return "next"

    @property
    def bar_value(self) -> BarValue:
        return RunReverses(self.horizon_bars)

    @property
    def kind(self) -> Kind:
        return "rate"
