"""A market whose one true effect ends halfway.

Put here: the world ``dying_edge``.
Keep out: effects that stay (planted_lift.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from quant_core.bars import Bars
from quant_core.worlds._paths import bars_of_steps
from quant_core.worlds._streaks import planted_steps
from quant_core.worlds.contract import Truth
from quant_core.worlds.planted_lift import PlantedLift as _PlantedLift


@dataclass(frozen=True)
class DyingEdge(_PlantedLift):
    """``planted_lift`` until a share of the bars has passed, a random walk from there on.

    A search on the first half finds an effect that was real; the second half must refuse to confirm it.

    Attributes:
        alive: share of the bars that feel the effect, fraction.

    Truth: that of ``planted_lift`` for bars whose outcome ends in the living part; ½ after it. Source: none, ours.

    >>> DyingEdge().truth(1).rate, DyingEdge(alive=0.5).canonical
    (0.6, 'dying_edge(bar_vol=0.0005,lift=0.1,window_bars=3,weekday=2,alive=0.5)')
    """

    alive: Annotated[float, Field(ge=0, le=1)] = 0.5

    def simulate(self, n_bars: int, seed: int) -> Bars:
        alive_bars = int(n_bars * self.alive)
        steps = planted_steps(
            n_bars, seed, k=self.window_bars, weekday=self.weekday, lift=self.lift, alive_bars=alive_bars
        )
        return bars_of_steps(steps * self.bar_vol, self.name)

    @property
    def effect_lasts(self) -> bool:
        return False

    def truth(self, horizon: int) -> Truth:
        living = _PlantedLift(bar_vol=self.bar_vol, lift=self.lift, window_bars=self.window_bars, weekday=self.weekday)
        return living.truth(horizon)
