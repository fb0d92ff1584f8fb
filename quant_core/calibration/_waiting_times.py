"""The true waiting times of a world, by a long simulation.

Put here: mean and median of min(time, horizon) after every event.
Keep out: their estimation from one path (estimators/kaplan_meier.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from quant_core.events.contract import Event
from quant_core.targets.contract import Target
from quant_core.worlds import World
from quant_core.worlds.contract import LONG_RUN_BARS, LONG_RUN_SEED

WaitingTimes: TypeAlias = dict[tuple[str, str], tuple[float, float]]
"""(event id, target id) → mean and median of the time in bars, cut at the horizon."""


def waiting_times(world: World, events: Sequence[Event], targets: Sequence[Target], n_paths: int) -> WaitingTimes:
    """Mean and median over independent paths of 20,000 bars; bars that do not see their whole horizon are left out."""
    longest = max((t.horizon for t in targets), default=0)
    counts = np.zeros((len(events), len(targets), longest + 1))
    for path in range(n_paths if targets else 0):
        bars = world.simulate(LONG_RUN_BARS, LONG_RUN_SEED + path)
        masks = [e.mask(bars).fill_null(value=False).to_numpy() for e in events]
        for j, target in enumerate(targets):
            value = target.outcome(bars)["value"].fill_null(-1).to_numpy().astype(np.int64)
            whole = (value > 0) & (np.arange(LONG_RUN_BARS) + target.horizon < LONG_RUN_BARS)
            for i, mask in enumerate(masks):
                counts[i, j] += np.bincount(value[whole & mask], minlength=longest + 1)
    found: WaitingTimes = {}
    for i, event in enumerate(events):
        for j, target in enumerate(targets):
            times = counts[i, j]
            if n := times.sum():
                mean = float(times @ np.arange(longest + 1) / n)
                below_half = np.cumsum(times) < n / 2
                found[event.canonical, target.canonical] = mean, float(below_half.sum())
    return found
