"""Quantile of the amplitude.

Put here: the profile metric ``amp_quantile``.
Keep out: its mean (amp_mean.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.block import Fraction
from quant_core.profile_metrics._samples import Amplitude, BarValue, Price
from quant_core.profile_metrics.contract import Kind, ProfileMetric, percent_name


@dataclass(frozen=True)
class AmpQuantile(ProfileMetric):
    """Quantile of high minus low; ``amp_p25`` and ``amp_q25`` are its aliases.

    Attributes:
        q: probability, in (0, 1); 0.5 is the median.
        of: ``fraction`` of the close (default) or ``price``.

    Look-ahead: none. Missing: as a fraction, bars with a close of zero or less are left out.
    Source: ours. Differs from: the source system, which knows the price only.

    >>> AmpQuantile(q=0.9).short_name
    'amp_p90'
    """

    q: Fraction = 0.5
    of: Price = "fraction"

    @property
    def bar_value(self) -> BarValue:
        return Amplitude(self.of)

    @property
    def kind(self) -> Kind:
        return "quantile"

    @property
    def probability(self) -> float:
        return self.q

    @property
    def short_name(self) -> str:
        return percent_name("amp", self.q)
