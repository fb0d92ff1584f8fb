"""The promise of ``mde``: an effect of that size is found about as often as the power says, at any level."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quant_core.counting.block_moments import independent_variance, moments_of_blocks, variance_against_baseline
from quant_core.estimators.cluster_robust_test import ClusterRobustTest
from quant_core.estimators.minimum_detectable_effect import MinimumDetectableEffect, rate_cells

BLOCK, SIMULATIONS = 64, 1000
FAMILY_STEP = 0.05 / 500


def simulate(n_bars, share, base, lift, *, persistence, rng):
    """Block moments of cells whose rate is base + lift, the baseline staying where it is.

    With chance ``persistence`` a bar repeats the state and the outcome of the one before, inside blocks: dependence as
    windows that overlap make it where events come in runs.
    """
    blocks = n_bars // BLOCK
    draw, state = rng.uniform(size=(2, SIMULATIONS, blocks, BLOCK))
    repeat = rng.uniform(size=draw.shape) < persistence
    for t in range(1, BLOCK):
        for x in (draw, state):
            x[..., t] = np.where(repeat[..., t], x[..., t - 1], x[..., t])
    events = state < share
    rate = np.where(events, base + lift, base - lift * share / (1 - share))
    y = (draw < rate).astype(np.int64)
    n_b, t_b = events.sum(axis=2).T, (y * events).sum(axis=2).T
    parts = [
        moments_of_blocks(
            n_b[:, [i]],
            t_b[:, [i]],
            np.full(blocks, BLOCK),
            y[i].sum(axis=1),
            covered=n_b[:, [i]].sum(axis=0),
            squares=t_b[:, [i]].sum(axis=0),
        )
        for i in range(SIMULATIONS)
    ]
    return type(parts[0])(*(np.concatenate([getattr(p, f) for p in parts]) for f in parts[0].__dataclass_fields__))


def detectable(m, level):
    n_eff = np.asarray(m.n, dtype=float)
    test = ClusterRobustTest()
    cells = rate_cells(m, n_eff, test.degrees(m))
    # The inflation of all simulations together: what one cell knows of it is noisy where outcomes are rare.
    share = m.n / m.all_n
    spread = m.mean * (1 - m.mean), m.mean_outside * (1 - m.mean_outside)
    inflation = variance_against_baseline(m).mean() / independent_variance(m.n, share, *spread).mean()
    cells = replace(cells, inflation=np.full(m.n.shape, inflation))
    return MinimumDetectableEffect().of_rates(cells, level)


@pytest.mark.parametrize("level", [0.05, 0.01, FAMILY_STEP])
@pytest.mark.parametrize("persistence", [0.0, 0.8])
@pytest.mark.parametrize("base", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(("n_bars", "share"), [(1280, 0.2), (5120, 0.05), (5120, 0.4)])
def test_an_effect_of_that_size_is_found_four_times_in_five(n_bars, share, base, persistence, level):
    rng = np.random.default_rng([n_bars, int(100 * base), int(10 * persistence), int(1 / level)])
    quiet = simulate(n_bars, share, base, 0.0, persistence=persistence, rng=rng)
    found = detectable(quiet, level)
    if np.isnan(found).mean() > 0.1:
        assert level == FAMILY_STEP, "16 blocks of runs of five reach any ordinary level"
        return
    mde = float(np.nanmedian(found))
    power = []
    for sign in (1, -1):
        lift = sign * mde
        if not (0 <= base + lift <= 1 and 0 <= base - lift * share / (1 - share) <= 1):
            continue
        m = simulate(n_bars, share, base, lift, persistence=persistence, rng=rng)
        power.append(float(np.mean(ClusterRobustTest().p_value(m, np.asarray(m.n, dtype=float)) <= level)))
    # The promise is of the harder direction; 0.025 is two Monte Carlo errors.
    assert 0.75 - 0.025 <= min(power) <= 0.90 + 0.025


def test_a_cell_has_no_detectable_effect_exactly_where_certain_outcomes_are_not_found():
    rng = np.random.default_rng(9)
    seen = set()
    for n_bars, share in ((1280, 0.009), (1280, 0.03), (2560, 0.2)):
        quiet = simulate(n_bars, share, 0.5, 0.0, persistence=0.0, rng=rng)
        certain = simulate(n_bars, share, 0.5, 0.5, persistence=0.0, rng=rng)
        reachable = np.mean(~np.isnan(detectable(quiet, FAMILY_STEP)))
        found = np.mean(ClusterRobustTest().p_value(certain, np.asarray(certain.n, dtype=float)) <= FAMILY_STEP)
        assert reachable == pytest.approx(found, abs=0.15)
        seen.add(round(found))
    assert seen == {0, 1}


def test_more_tests_ask_for_larger_effects_and_numbers_have_no_largest():
    rng = np.random.default_rng(10)
    m = simulate(1280, 0.2, 0.5, 0.0, persistence=0.0, rng=rng)
    some, many = (np.nanmedian(detectable(m, level)) for level in (0.05, 0.0001))
    assert some < many
    numbers = MinimumDetectableEffect().of_numbers(np.array([1.0]), np.array([12.0]), 1e-9)
    assert np.isfinite(numbers).all()
