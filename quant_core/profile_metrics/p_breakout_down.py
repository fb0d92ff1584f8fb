"""Share of breakouts below the previous session.

Put here: the profile metric ``p_breakout_down``.
Keep out: bars that stay inside (p_in_range.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.profile_metrics._samples import BarValue, BreaksOut
from quant_core.profile_metrics.contract import Kind, ProfileMetric


@dataclass(frozen=True)
class PBreakoutDown(ProfileMetric):
    """Share of bars that reach the previous session's low: low <= previous low.

    The previous session is the last one with bars; sessions follow the bars' calendar.

    Look-ahead: none. Missing: the first session is left out.
    Source: ours. Differs from: the source system, which takes UTC dates for sessions.

    >>> from quant_core.bars import Bars
    >>> from quant_core.timeframes import Timeframe
    >>> bars = Bars.of(high=[5.0, 5.0], low=[3.0, 4.0], close=[4.0, 4.5], timeframe=Timeframe.D1)
    >>> PBreakoutDown().bar_value.compute(bars).to_list()
    [None, 0.0]
    """

    @property
    def bar_value(self) -> BarValue:
        return BreaksOut("down")

    @property
    def kind(self) -> Kind:
        return "rate"

    @property
    def is_geometric(self) -> bool:
        return True
