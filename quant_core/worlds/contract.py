"""The family contract of worlds.

Put here: the abstract World, what it plants, and what is true about it.
Keep out: any particular world; how price paths become bars (``_paths.py``).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from quant_core.bars import Bars
from quant_core.block import Block, Positive
from quant_core.dimensions.contract import Dimension
from quant_core.errors import ConfigError

LONG_RUN_BARS = 20_000
"""Bars of one path where a truth is simulated."""
LONG_RUN_SEED = 9_000_000_000
"""Seed of the first such path: far from the seeds that calibration draws from, because a truth must not be measured on
the paths it judges."""


@dataclass(frozen=True)
class Truth:
    """What is true of one cell in the long run.

    Attributes:
        rate: probability that the close ``horizon`` bars later is above this close, given that it differs, in the cell,
            fraction.
        baseline: the same over all bars, fraction.
        rate_se: Monte Carlo standard error of ``rate``; 0 where it is exact.
        provenance: how it was obtained.
    """

    rate: float
    baseline: float
    rate_se: float
    provenance: str

    @property
    def lift(self) -> float:
        """Rate − baseline."""
        return self.rate - self.baseline


@dataclass(frozen=True)
class Plant:
    """The cell of ``market_stats`` that a planted effect shows in: canonical ids and a label."""

    event: str
    condition: str
    condition_value: str


@dataclass(frozen=True)
class World(Block):
    """A market that can be simulated from a seed.

    Prices move by additive steps in units of the first price, so a step that is symmetric given the past makes every
    mean return exactly zero, and steps whose signs know nothing of later sizes make every direction a fair coin over
    any horizon, whatever was seen before: in a world without a plant ``truth`` is ½ for every cell, exactly, over
    horizons up to ``fair_horizon``.

    What a world plants is said by ``plant``, ``season``, ``effect_lasts`` and ``trade_cost_bps``, never by its name.

    Contract, proved for every block: equal seeds give equal bars, different seeds different ones; the bars satisfy the
    table ``bars``; the truth agrees with a long simulation.

    Attributes:
        bar_vol: standard deviation of one bar's move over the first price, fraction. Keep bar_vol·√n_bars well under 1.
    """

    bar_vol: Positive = 5e-4

    @abstractmethod
    def simulate(self, n_bars: int, seed: int) -> Bars:
        """Bars of one path.

        Raises:
            ConfigError: the path reached a price of zero: too many bars for this bar_vol.
        """

    @property
    def plant(self) -> Plant | None:
        """Where the effect is; None for a world without one."""
        return None

    @property
    def season(self) -> Dimension | None:
        """The calendar dimension in one of whose bins the planted bars lie; None where no season is planted."""
        return None

    @property
    def effect_lasts(self) -> bool:
        """False for a planted effect that ends before the bars do: later bars should not confirm it."""
        return True

    @property
    def trade_cost_bps(self) -> float | None:
        """Cost of a round trip in the planted cell, basis points of the price; None where the world names none."""
        return None

    @property
    def fair_horizon(self) -> int | None:
        """Bars ahead over which direction is a fair coin in a world without a plant; None: any number of bars."""
        return None

    def truth(self, horizon: int) -> Truth:
        """What is true of the planted cell, or of every cell in a world without a plant.

        Raises:
            ConfigError: horizon under 1, or beyond ``fair_horizon``: cells differ there, no one rate is true.
        """
        furthest = self.fair_horizon
        if horizon < 1 or (furthest is not None and horizon > furthest):
            expected = "horizon ≥ 1" if furthest is None else f"horizon from 1 to {furthest}"
            raise ConfigError.at(f"{self.name}.truth", expected=expected, found=horizon, next_step="Correct it.")
        return Truth(0.5, 0.5, 0.0, "exact: moves are symmetric given the past")
