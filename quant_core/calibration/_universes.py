"""Universes of p-values whose truth is known: many families, some with effects in a few of their tests.

Put here: drawing p-values of a stated dependence and effective size.
Keep out: markets that go through the pipeline (``_lab_families.py``), methods and their error rates (``families.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BATCH = 10
"""Tests that overlap: the states of one condition, or one event with several targets."""
_DEPENDENCE = 0.5
_FEWEST = 15.0


@dataclass(frozen=True)
class Universe:
    """The tests of one universe, grouped by family.

    Attributes:
        p_values: (n,) two-sided.
        n_eff: (n,) effective numbers of observations, known before the outcomes.
        families: (n,) number of each test's family, from 0.
        is_planted: (n,) whether an effect lies there.
        is_null: (n,) whether nothing lies there; a test may be neither, where a planted effect is seen in part.
    """

    p_values: NDArray[np.float64]
    n_eff: NDArray[np.float64]
    families: NDArray[np.int64]
    is_planted: NDArray[np.bool_]
    is_null: NDArray[np.bool_]


@dataclass(frozen=True)
class Setting:
    """What universes are drawn alike.

    Attributes:
        split_bars: bars behind each family; its cells have 15 to a quarter as many independent observations.
        n_families: symbols and timeframes.
        planted_share: share of the tests of a planted family that carry an effect, fraction.
        planted_families: share of the families that are planted, at least one where planted_share > 0, fraction.
        n_tests: tests of the average family; families have from a third to five thirds of it.
        lift: effect over a rate of ½, fraction, of either sign.
    """

    split_bars: int
    n_families: int
    planted_share: float
    planted_families: float = 0.2
    n_tests: int = 300
    lift: float = 0.08


def synthetic_universe(setting: Setting, rng: np.random.Generator) -> Universe:
    """One universe of normal scores: z = 2·lift·√n_eff ± noise, where ten tests at a time share half of their noise.

    n_eff is uniform on a logarithmic scale; shared noise enters with a random sign, as two states of a condition do.
    """
    from scipy.special import ndtr  # noqa: PLC0415  scipy takes a quarter of a second to load

    k = setting.n_families
    batches = rng.integers(setting.n_tests // (3 * _BATCH), 5 * setting.n_tests // (3 * _BATCH), k, endpoint=True)
    families = np.repeat(np.arange(k), batches * _BATCH)
    n = len(families)
    most = max(setting.split_bars / 4.0, 2 * _FEWEST)
    n_eff = np.exp(rng.uniform(np.log(_FEWEST), np.log(most), n))
    shared = np.repeat(rng.standard_normal(n // _BATCH), _BATCH) * rng.choice([-1.0, 1.0], n)
    noise = np.sqrt(_DEPENDENCE) * shared + np.sqrt(1 - _DEPENDENCE) * rng.standard_normal(n)
    n_planted = max(1, round(k * setting.planted_families))
    planted = (rng.uniform(size=n) < setting.planted_share) & (families < n_planted)
    z = noise + np.where(planted, rng.choice([-1.0, 1.0], n) * 2 * setting.lift * np.sqrt(n_eff), 0.0)
    p = 2.0 * np.asarray(ndtr(-np.abs(z)), dtype=np.float64)
    return Universe(p, n_eff, families, planted, ~planted)
