"""The family contract of profile metrics.

Put here: the abstract ProfileMetric and the kinds of summary.
Keep out: any particular metric, and the values per bar they summarize (_samples.py).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

from quant_core.block import Block
from quant_core.profile_metrics._samples import BarValue

Kind = Literal["rate", "mean", "std", "quantile", "count"]
MetricReading = Literal["own", "next"]
"""Own: what the bars of the bin did themselves. Next: what came after their close, which a signal can trade."""


@dataclass(frozen=True)
class ProfileMetric(Block):
    """One summary of one value per bar, computed for every bin.

    rate: share of bars with value 1. mean: arithmetic mean. std: sample standard deviation, divisor n - 1.
    quantile: linear between order statistics (type 7). count: bars with a value.

    Contract, proved for every block: the value per bar is Float64 with null where it is not observable, a rate's
    values are 0 or 1, and bars before the first and after the last cannot change it except through its stated
    window.
    """

    @property
    @abstractmethod
    def bar_value(self) -> BarValue:
        """The value per bar that is summarized."""

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """How the values of a bin are summarized."""

    @property
    def is_geometric(self) -> bool:
        """Whether a driftless random walk gives other values in some bins because its volatility differs by the clock.

        Such values are described, not tested against the other bins: the hours in which yesterday's high is broken are
        those in which prices move.
        """
        return False

    @property
    def reading(self) -> MetricReading:
        """Whose moves the metric speaks of: the bin's own bars, or those that follow them."""
        return "own"

    @property
    def unit(self) -> str:
        """Unit of the summary: the value's own, a fraction for rates, a count for counts."""
        return {"rate": "fraction", "count": "count"}.get(self.kind, self.bar_value.unit)

    @property
    def probability(self) -> float:
        """The quantile's probability; 0.5 for other kinds, unused."""
        return 0.5

    @property
    def short_name(self) -> str:
        """The name people filter by, without parameters: ``next_ret_mean``, ``amp_p75``."""
        return self.name


def percent_name(prefix: str, probability: float) -> str:
    """The short name of a quantile: ``next_ret_p25``; ``next_ret_p2.5`` where the percentage is not whole.

    >>> percent_name("next_ret", 0.25), percent_name("amp", 0.025)
    ('next_ret_p25', 'amp_p2.5')
    """
    return f"{prefix}_p{round(100 * probability, 6):g}"
