"""Runs against a slow reading of their definition."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quant_core.bars import Bars
from quant_core.profile_metrics._runs import RunLength, RunReverses, RunStarts

CLOSES = st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=1, max_size=40)


def slow_runs(close: list[float]) -> list[tuple[int, int, int, bool]]:
    """(start, side, length, ended) of all runs but the first, walking bar by bar."""
    sides = [int(np.sign(b - a)) for a, b in pairwise(close)]
    found: list[list[int]] = []
    for i, side in enumerate(sides):
        if side and (not found or found[-1][1] != side):
            found.append([i, side, 0])
        if side:
            found[-1][2] += 1
    return [(i, side, n, k + 1 < len(found)) for k, (i, side, n) in enumerate(found) if k > 0]


@given(CLOSES)
def test_lengths_equal_a_walk_bar_by_bar(close: list[float]) -> None:
    for name, side in (("up", 1), ("down", -1)):
        expected: list[float | None] = [None] * len(close)
        for start, sign, length, ended in slow_runs(close):
            if sign == side and ended:
                expected[start] = float(length)
        assert RunLength(name).compute(Bars.of(close=close)).to_list() == expected


@given(CLOSES, st.integers(1, 4))
def test_a_censored_run_counts_only_once_it_has_outlived_the_limit(close: list[float], within: int) -> None:
    expected: list[float | None] = [None] * len(close)
    for start, _, length, ended in slow_runs(close):
        if ended or length > within:
            expected[start] = float(length <= within)
    assert RunReverses(within).compute(Bars.of(close=close)).to_list() == expected


@given(CLOSES)
def test_starts_count_every_run_but_the_first(close: list[float]) -> None:
    starts = [s for s, _, _, _ in slow_runs(close)]
    got = RunStarts().compute(Bars.of(close=close)).to_list()
    assert [i for i, x in enumerate(got) if x == 1.0] == starts


def test_the_share_of_reversals_of_a_fair_coin_is_one_half() -> None:
    rng = np.random.default_rng(3)
    close = 100 + np.cumsum(rng.choice([-1.0, 1.0], 20_000))
    values = RunReverses(1).compute(Bars.of(close=list(close))).drop_nulls()
    assert abs(values.mean() - 0.5) < 4 * 0.5 / len(values) ** 0.5


def test_standing_still_makes_no_run_shorter() -> None:
    """The same moves with standstills between them: in half the hours every fourth bar, in the others one in twenty."""
    rng = np.random.default_rng(4)
    n = 24 * 400
    is_quiet = np.arange(n) % 24 < 12
    moves = rng.choice([-1.0, 1.0], n) * (rng.random(n) > np.where(is_quiet, 0.25, 0.05))
    bars = Bars.of(close=list(1000 + np.cumsum(moves)))
    values = RunReverses(1).compute(bars).to_numpy()
    quiet, busy = (values[hours & ~np.isnan(values)] for hours in (is_quiet, ~is_quiet))
    for share in (quiet, busy):
        assert abs(share.mean() - 0.5) < 4 * 0.5 / len(share) ** 0.5
    still = [c for close in (100.0, 101.0, 102.0, 101.0, 102.0) for c in [close] * 3]
    lengths = RunLength("both").compute(Bars.of(close=still)).drop_nulls().to_list()
    assert (
        lengths == RunLength("both").compute(Bars.of(close=[100.0, 101.0, 102.0, 101.0, 102.0])).drop_nulls().to_list()
    )
