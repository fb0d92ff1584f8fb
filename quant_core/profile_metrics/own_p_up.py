"""Share of rises among the bars of a bin themselves.

Put here: the profile metric ``own_p_up``.
Keep out: what follows the bars of a bin (next_p_up.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.block import added
from quant_core.profile_metrics._samples import BarRises, BarValue, Ties
from quant_core.profile_metrics.contract import Kind, ProfileMetric


@dataclass(frozen=True)
class OwnPUp(ProfileMetric):
    """Share of the moves that the bin's bars bring, from close to close, that rise.

    Attributes:
        ties: as in ``next_p_up``.

    Look-ahead: none. Missing: the first bar and closes of zero or less are left out.
    Source: none, ours.

    >>> from quant_core.bars import Bars
    >>> OwnPUp().bar_value.compute(Bars.of(close=[1.0, 2.0, 2.0])).to_list()
    [None, 1.0, None]
    """

    ties: Ties = added("exclude")

    @property
    def bar_value(self) -> BarValue:
        return BarRises(self.ties)

    @property
    def kind(self) -> Kind:
        return "rate"
