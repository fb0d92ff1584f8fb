"""The true rates after the events of a world where direction is no fair coin, by a long simulation.

Put here: the share of true outcomes after every event.
Keep out: worlds whose rates are known exactly (their ``truth``), and estimation from one path (estimators/).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from quant_core.events.contract import Event
from quant_core.targets.contract import Target
from quant_core.worlds import World
from quant_core.worlds.contract import LONG_RUN_BARS, LONG_RUN_SEED

EventRates: TypeAlias = dict[tuple[str, str], float]
"""(event id, target id) → long-run share of true outcomes among the observable ones, fraction."""


def event_rates(world: World, events: Sequence[Event], targets: Sequence[Target], n_paths: int) -> EventRates:
    """Rates over independent paths of 20,000 bars; pairs that never have an outcome are left out."""
    counts = np.zeros((len(events), len(targets), 2))
    for path in range(n_paths if targets else 0):
        bars = world.simulate(LONG_RUN_BARS, LONG_RUN_SEED + path)
        masks = [e.mask(bars).fill_null(value=False).to_numpy() for e in events]
        for j, target in enumerate(targets):
            value = target.outcome(bars)["value"]
            known, hit = value.is_not_null().to_numpy(), value.fill_null(value=False).to_numpy()
            for i, mask in enumerate(masks):
                counts[i, j] += np.sum(mask & hit), np.sum(mask & known)
    return {
        (event.canonical, target.canonical): float(counts[i, j, 0] / counts[i, j, 1])
        for i, event in enumerate(events)
        for j, target in enumerate(targets)
        if counts[i, j, 1]
    }
