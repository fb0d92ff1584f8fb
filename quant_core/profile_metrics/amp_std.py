"""Spread of the amplitude.

Put here: the profile metric ``amp_std``.
Keep out: its mean (amp_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.profile_metrics._samples import Amplitude, BarValue, Price
from quant_core.profile_metrics.contract import Kind, ProfileMetric


@dataclass(frozen=True)
class AmpStd(ProfileMetric):
    """Sample standard deviation of high minus low.

    Attributes:
        of: ``fraction`` of the close (default: comparable across years and symbols) or ``price``.

    Look-ahead: none. Missing: as a fraction, bars with a close of zero or less are left out.
    Source: ours. Differs from: the source system, which knows the price only.

    >>> AmpStd(of="price").unit
    'price'
    """

    of: Price = "fraction"

    @property
    def bar_value(self) -> BarValue:
        return Amplitude(self.of)

    @property
    def kind(self) -> Kind:
        return "std"
