"""A market with a known drift in one hour of the day.

Put here: the world ``planted_season``.
Keep out: effects of past prices (planted_lift.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from quant_core.bars import Bars
from quant_core.conditions.calendar_bin import CalendarBin
from quant_core.dimensions.hour import Hour
from quant_core.events.always_true import AlwaysTrue
from quant_core.worlds._long_run import simulated_truth
from quant_core.worlds._paths import bars_of_steps, hour_of, unit_steps
from quant_core.worlds.contract import Plant, Truth, World

_CLOCK = CalendarBin(dimension=Hour())


@dataclass(frozen=True)
class PlantedSeason(World):
    """A random walk whose bars of one hour (UTC) are up with probability ½ + lift.

    The drift lies in the bar of ``hour`` itself, which is what a seasonal profile measures; a forecast made at a close
    sees it from the bar before, which is where the plant of ``market_stats`` is.

    Attributes:
        lift: added to the probability of an up bar, fraction.
        hour: of the drifting bar's open, UTC.

    Truth: over one bar ½ + lift in the cell and ½ + lift/24 over all bars, exactly; over more bars a long simulation.
    Source: none, ours.

    >>> PlantedSeason().truth(1).rate, PlantedSeason().plant.condition_value
    (0.6, '13')
    >>> round(PlantedSeason().drift_bps, 3)
    0.798
    """

    lift: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.1
    hour: Annotated[int, Field(ge=0, le=23)] = 14

    def simulate(self, n_bars: int, seed: int) -> Bars:
        rng = np.random.default_rng(seed)
        steps = unit_steps(rng, n_bars)
        p_up = 0.5 + np.where(hour_of(n_bars) == self.hour, self.lift, 0.0)
        steps[(rng.random(n_bars) < p_up) != (steps.sum(axis=1) > 0)] *= -1.0
        return bars_of_steps(steps * self.bar_vol, self.name)

    @property
    def plant(self) -> Plant:
        return Plant(AlwaysTrue().canonical, _CLOCK.canonical, str((self.hour - 1) % 24))

    @property
    def season(self) -> Hour:
        return Hour()

    @property
    def drift_bps(self) -> float:
        """Mean move of the planted hour's bar in basis points of the first price."""
        return float(2 * self.lift * self.bar_vol * np.sqrt(2 / np.pi) * 1e4)

    def truth(self, horizon: int) -> Truth:
        if horizon == 1:
            return Truth(0.5 + self.lift, 0.5 + self.lift / 24, 0.0, "exact: the hours of a day")
        super().truth(horizon)
        return _simulated(self, horizon)

    def in_cell(self, bars: Bars) -> NDArray[np.bool_]:
        """The bars before the planted hour, as the block itself finds them."""
        return (_CLOCK.labels(bars) == str((self.hour - 1) % 24)).to_numpy()


@cache
def _simulated(world: PlantedSeason, horizon: int) -> Truth:
    """One long simulation per world and horizon."""
    return simulated_truth(world.simulate, world.in_cell, horizon)
