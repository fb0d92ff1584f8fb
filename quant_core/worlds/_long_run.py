"""Truth by a long simulation, where no formula gives it.

Put here: the rate of a cell over many independent paths, with its standard error.
Keep out: exact rates (the worlds' own files).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from quant_core.bars import Bars
from quant_core.worlds.contract import LONG_RUN_BARS, LONG_RUN_SEED, Truth

N_PATHS = 100


def simulated_truth(
    simulate: Callable[[int, int], Bars], in_cell: Callable[[Bars], np.ndarray], horizon: int, n_paths: int = N_PATHS
) -> Truth:
    """Shares of rises among moves after ``horizon`` bars, in the cell and over all bars, over independent paths.

    The standard error is that of the mean over paths: paths are independent, bars are not.

    Args:
        simulate: n_bars, seed → bars.
        in_cell: bars → (n_bars,) Boolean.
        horizon: bars ahead, ≥ 1.
        n_paths: independent paths, ≥ 2.
    """
    counts = np.empty((n_paths, 4))
    for i in range(n_paths):
        bars = simulate(LONG_RUN_BARS, LONG_RUN_SEED + i)
        close = bars.frame["close"].to_numpy()
        up, moved = close[horizon:] > close[:-horizon], close[horizon:] != close[:-horizon]
        cell = in_cell(bars)[:-horizon] & moved
        counts[i] = (np.sum(up & cell), np.sum(cell), np.sum(up), np.sum(moved))
    k, n, all_k, all_n = counts.sum(axis=0)
    rate = k / n
    residual = counts[:, 0] - rate * counts[:, 1]
    error = np.sqrt(np.sum(residual**2) * n_paths / (n_paths - 1)) / n
    origin = f"simulated: {n_paths} paths of {LONG_RUN_BARS} bars, seeds from {LONG_RUN_SEED}"
    return Truth(float(rate), float(all_k / all_n), float(error), origin)
