"""Mean amplitude.

Put here: the profile metric ``amp_mean``.
Keep out: the range with gaps (atr_mean.py) and moves from open to close (own_abs_ret_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.profile_metrics._samples import Amplitude, BarValue, Price
from quant_core.profile_metrics.contract import Kind, ProfileMetric


@dataclass(frozen=True)
class AmpMean(ProfileMetric):
    """Mean of high minus low.

    Attributes:
        of: ``fraction`` of the close (default: comparable across years and symbols) or ``price``.

    Look-ahead: none. Missing: as a fraction, bars with a close of zero or less are left out.
    Source: ours. Differs from: the source system, which knows the price only.

    >>> from quant_core.bars import Bars
    >>> AmpMean().bar_value.compute(Bars.of(high=[12.0], low=[9.0], close=[10.0])).to_list()
    [0.3]
    """

    of: Price = "fraction"

    @property
    def bar_value(self) -> BarValue:
        return Amplitude(self.of)

    @property
    def kind(self) -> Kind:
        return "mean"
