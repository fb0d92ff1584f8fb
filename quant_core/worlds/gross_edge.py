"""A market with a true effect that costs more to trade than it brings.

Put here: the world ``gross_edge``.
Keep out: costs of real markets (config) and how a result is judged against them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant_core.block import Positive
from quant_core.worlds.planted_lift import PlantedLift as _PlantedLift


@dataclass(frozen=True)
class GrossEdge(_PlantedLift):
    """``planted_lift`` with a cost per round trip above the mean move of the planted cell.

    Attributes:
        cost_bps: cost of one round trip in basis points of the price.

    Truth: gross = 2·lift·E|move| of the next bar, E|move| = bar_vol·√(2/π); net = gross − cost. Exact in units of the
    first price; in units of the current price up to the square of the path's drift away from it (under 1 % of the gross
    edge for 10,000 bars). Source: none, ours.

    >>> world = GrossEdge(lift=0.1, cost_bps=1.5)
    >>> round(world.gross_bps, 3), round(world.net_bps, 3)
    (0.798, -0.702)
    """

    cost_bps: Positive = 1.5

    @property
    def trade_cost_bps(self) -> float:
        return self.cost_bps

    @property
    def gross_bps(self) -> float:
        """Mean move of the bar after the planted cell, basis points."""
        return float(2 * self.lift * self.bar_vol * np.sqrt(2 / np.pi) * 1e4)

    @property
    def net_bps(self) -> float:
        """The same after costs, basis points."""
        return self.gross_bps - self.cost_bps
