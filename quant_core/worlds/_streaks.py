"""Planted streak effects: after k bars up on one weekday the next bar is more likely up.

Put here: the simulation shared by planted_lift, dying_edge and gross_edge, and its exact stationary rates.
Keep out: the worlds themselves; effects of the clock alone (planted_season.py).
"""

# pyright: reportUntypedFunctionDecorator=false, reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from quant_core.worlds._paths import Floats, unit_steps, weekday_of

HOURS_PER_WEEK = 168


def planted_steps(n_bars: int, seed: int, *, k: int, weekday: int, lift: float, alive_bars: int) -> Floats:
    """(n_bars, 8) steps; a bar after a streak on the weekday is up with probability ½ + lift, any other with ½.

    A bar that should go the other way is mirrored as a whole, so only directions depend on the past, sizes do not.

    Args:
        n_bars: number of bars.
        seed: of the path.
        k: bars up that make a streak, the last of them on ``weekday``.
        weekday: 0 = Monday; −1 for any day.
        lift: added to the probability, in [−½, ½].
        alive_bars: bars before this position feel the effect.
    """
    rng = np.random.default_rng(seed)
    steps = unit_steps(rng, n_bars)
    on_day = np.ones(n_bars, dtype=np.bool_) if weekday < 0 else weekday_of(n_bars) == weekday
    up = _directions(rng.random(n_bars), on_day, k, lift, alive_bars)
    steps[up != (steps.sum(axis=1) > 0)] *= -1.0
    return steps


@nb.njit(cache=True)
def _directions(uniform: Floats, on_day: NDArray[np.bool_], k: int, lift: float, alive_bars: int) -> NDArray[np.bool_]:
    """Whether each bar goes up."""
    up = np.empty(len(uniform), dtype=np.bool_)
    streak = 0
    for t in range(len(uniform)):
        planted = t > 0 and t < alive_bars and streak >= k and on_day[t - 1]
        up[t] = uniform[t] < 0.5 + (lift if planted else 0.0)
        streak = streak + 1 if up[t] else 0
    return up


def baseline_rate(*, k: int, weekday: int, lift: float) -> float:
    """The exact long-run share of bars up: the streak's Markov chain, carried through the hours of a week.

    Example, by hand: without a lift ½; one bar up always followed by another (k = 1, lift ½, any day) ends all up.

    >>> baseline_rate(k=3, weekday=2, lift=0.0), round(baseline_rate(k=1, weekday=-1, lift=0.5), 6)
    (0.5, 1.0)
    """
    state = np.zeros(k + 1)
    state[0] = 1.0
    rate = 0.5
    for _ in range(10_000):
        before, ups = state.copy(), 0.0
        for hour in range(HOURS_PER_WEEK):
            planted = weekday < 0 or hour // 24 == weekday
            p_up = np.full(k + 1, 0.5)
            p_up[k] += lift if planted else 0.0
            rising = state * p_up
            ups += rising.sum()
            state = np.concatenate([[1.0 - rising.sum()], rising[:-1]])
            state[k] += rising[k]
        rate = ups / HOURS_PER_WEEK
        if np.abs(state - before).max() < 1e-15:
            break
    return float(rate)
