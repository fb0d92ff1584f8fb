"""Share of bars inside the previous session.

Put here: the profile metric ``p_in_range``.
Keep out: breakouts (p_breakout_up.py, p_breakout_down.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.profile_metrics._samples import BarValue, BreaksOut
from quant_core.profile_metrics.contract import Kind, ProfileMetric


@dataclass(frozen=True)
class PInRange(ProfileMetric):
    """Share of bars that stay strictly between the previous session's low and high.

    Look-ahead: none. Missing: the first session is left out.
    Source: ours. Differs from: the source system, which takes UTC dates for sessions.

    >>> from quant_core.bars import Bars
    >>> from quant_core.timeframes import Timeframe
    >>> bars = Bars.of(high=[5.0, 4.9], low=[3.0, 4.0], close=[4.0, 4.5], timeframe=Timeframe.D1)
    >>> PInRange().bar_value.compute(bars).to_list()
    [None, 1.0]
    """

    @property
    def bar_value(self) -> BarValue:
        return BreaksOut("none")

    @property
    def kind(self) -> Kind:
        return "rate"

    @property
    def is_geometric(self) -> bool:
        return True
