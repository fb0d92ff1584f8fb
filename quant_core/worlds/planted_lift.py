"""A market with one true effect: a known lift after an event under a condition.

Put here: the world ``planted_lift``.
Keep out: effects that die (dying_edge.py), that cost more than they bring (gross_edge.py), of the clock
(planted_season.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from quant_core.bars import Bars
from quant_core.block import Count, renamed
from quant_core.conditions.calendar_bin import CalendarBin
from quant_core.dimensions.dow import Dow
from quant_core.events.k_consecutive import KConsecutive
from quant_core.worlds._long_run import simulated_truth
from quant_core.worlds._paths import bars_of_steps
from quant_core.worlds._streaks import baseline_rate, planted_steps
from quant_core.worlds.contract import Plant, Truth, World

_WEEKDAY = CalendarBin(dimension=Dow())


@dataclass(frozen=True)
class PlantedLift(World):
    """A random walk in which the bar after ``window_bars`` bars up on one weekday is up with probability ½ + lift.

    Attributes:
        lift: added to the probability of an up bar, fraction.
        window_bars: bars up that make the event ``k_consecutive``.
        weekday: 0 = Monday: the bin of ``dow`` at the event's bar.

    Truth: over one bar the cell's rate is ½ + lift, exactly, and the baseline comes from the streak's Markov chain
    (exact); over more bars both come from a long simulation, with its standard error. Source: none, ours.

    >>> truth = PlantedLift(lift=0.1).truth(horizon=1)
    >>> truth.rate, round(truth.baseline, 4), truth.rate_se
    (0.6, 0.5021, 0.0)
    """

    lift: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.1
    window_bars: Count = renamed(3, "k")
    weekday: Annotated[int, Field(ge=0, le=6)] = 2

    def simulate(self, n_bars: int, seed: int) -> Bars:
        steps = planted_steps(n_bars, seed, k=self.window_bars, weekday=self.weekday, lift=self.lift, alive_bars=n_bars)
        return bars_of_steps(steps * self.bar_vol, self.name)

    @property
    def plant(self) -> Plant:
        return Plant(KConsecutive(window_bars=self.window_bars).canonical, _WEEKDAY.canonical, str(self.weekday))

    def truth(self, horizon: int) -> Truth:
        if horizon == 1:
            baseline = baseline_rate(k=self.window_bars, weekday=self.weekday, lift=self.lift)
            return Truth(0.5 + self.lift, baseline, 0.0, "exact: the streak's Markov chain")
        super().truth(horizon)
        return _simulated(self, horizon)

    def in_cell(self, bars: Bars) -> NDArray[np.bool_]:
        """The bars of the planted cell, as the blocks themselves find them."""
        event = KConsecutive(window_bars=self.window_bars).mask(bars).fill_null(value=False)
        weekday: pl.Series = _WEEKDAY.labels(bars) == str(self.weekday)
        return (event & weekday).to_numpy()


@cache
def _simulated(world: PlantedLift, horizon: int) -> Truth:
    """One long simulation per world and horizon."""
    return simulated_truth(world.simulate, world.in_cell, horizon)
