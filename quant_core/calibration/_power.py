"""Does ``mde`` keep its word: how often the test finds an effect of exactly that size, in every world.

Put here: planting a lift into the outcomes of a world's own cells, and counting what the test finds.
Keep out: the test and the mde (estimators/), worlds with a planted effect of their own (``_planted.py``).
"""

from __future__ import annotations

from functools import reduce
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.bars import Bars
from quant_core.calibration._count import SMALLEST_CELL, counted_once
from quant_core.calibration._plan import Task
from quant_core.counting.block_moments import joined
from quant_core.estimators.cluster_robust_test import ClusterRobustTest
from quant_core.estimators.contract import Sample
from quant_core.estimators.effective_sample_size import EffectiveSampleSize
from quant_core.estimators.minimum_detectable_effect import MinimumDetectableEffect, rate_cells
from quant_core.targets.continuation_n import ContinuationN

Floats: TypeAlias = NDArray[np.float64]

LEVELS = {"power_at_mde_5pct": 0.05, "power_at_mde_1pct": 0.01, "power_at_mde_family": None}
"""Measure → level of the test; None: the first step of the spec's own family."""


def count_power_at_mde(task: Task, bars: Bars) -> list[pl.DataFrame]:
    """One trial per event, horizon and level: a rise or fall of the size of the cell's mde, found or not.

    Cells are the events without a condition, over the training half, with at least SMALLEST_CELL events and enough
    blocks for a test.
    """
    rng = np.random.default_rng([task.seed, len(bars)])
    bars = bars.head(len(bars) // 2)
    masks = [event.mask(bars).fill_null(value=False).to_numpy() for event in task.spec.events]
    parts: list[pl.DataFrame] = []
    for horizon in task.horizons:
        outcome = ContinuationN(horizon_bars=horizon).outcome(bars)["value"]
        known = outcome.is_not_null().to_numpy()
        y = outcome.drop_nulls().cast(pl.Float64).to_numpy()
        cells = [mask[known] for mask in masks]
        parts += _trials(task, y, [at for at in cells if SMALLEST_CELL <= at.sum() < at.size], horizon, rng)
    return parts


def _trials(
    task: Task, y: Floats, cells: list[NDArray[np.bool_]], horizon: int, rng: np.random.Generator
) -> list[pl.DataFrame]:
    """The trials of one horizon: every cell at every level."""
    test, found = ClusterRobustTest(), list[pl.DataFrame]()
    if not cells:
        return found
    m = reduce(joined, [_sample(y, at, horizon).moments() for at in cells])
    n_eff = EffectiveSampleSize().of_moments(m, horizon)
    quiet = rate_cells(m, n_eff, test.degrees(m))
    for measure, level in LEVELS.items():
        alpha = task.spec.correction.first_step(_n_tests(task)) if level is None else level
        lifts = MinimumDetectableEffect(power=task.spec.power).of_rates(quiet, alpha)
        for at, lift in zip(cells, lifts, strict=True):
            if np.isnan(lift):
                continue
            planted = plant_lift(y, at, lift if rng.uniform() < 0.5 else -lift, rng)
            p = test.estimate(_sample(planted, at, horizon)).value
            found.append(counted_once(measure, hit=bool(p <= alpha), target="continuation_n", horizon=horizon))
    return found


def _n_tests(task: Task) -> int:
    """Cells of the spec's binary family at this world's timeframe."""
    states = 1 + sum(len(c.values) for c in task.spec.conditions)
    return len(task.spec.events) * states * sum(t.kind == "binary" for t in task.spec.targets)


def _sample(y: Floats, at: NDArray[np.bool_], horizon: int) -> Sample:
    """The cell's outcomes among all."""
    return Sample.of(y[at], positions=np.flatnonzero(at), horizon=horizon, all_values=y)


def plant_lift(y: Floats, at: NDArray[np.bool_], lift: float, rng: np.random.Generator) -> Floats:
    """Outcomes after an effect that changes the cell's rate by ``lift`` and leaves the baseline.

    Inside, as many outcomes turn as give the lift; outside, as many to the other side as keep the rate over all bars;
    each bar with the same chance, so the effect is the same at all times. What chance gave the cell before stays in it.

    Args:
        y: (n,) outcomes of all bars, 0 or 1.
        at: (n,) the cell.
        lift: fraction of the cell's bars.
        rng: chooses the bars.

    >>> y, at = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), np.array([True] * 4 + [False] * 2)
    >>> planted = plant_lift(y, at, 0.25, np.random.default_rng(0))
    >>> planted[at].sum(), planted.sum()
    (np.float64(2.0), np.float64(3.0))
    """
    planted = y.copy()
    n = round(abs(lift) * at.sum())
    for side, upward in ((at, lift > 0), (~at, lift < 0)):
        able = np.flatnonzero(side & (y != upward))
        planted[rng.choice(able, min(n, able.size), replace=False)] = upward
    return planted
