"""The popcount kernel equals the readable reference and plain sums over blocks, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.counting.block_moments import moments_of_blocks
from quant_core.counting.moments import PackedGroup, count_group, count_group_slowly
from quant_core.counting.packing import pack_mask, pack_masks, pack_slots
from quant_core.errors import DataContractError


def _case(n_bars: int, seed: int, density: float, words_per_block: int, horizon: int):
    """Random events, bins with null labels, and targets with gaps in their validity."""
    generator = np.random.default_rng(seed)
    events = pack_masks([generator.random(n_bars) < d for d in (density, density / 5, 1.1, -1.0)], n_bars)
    codes = generator.integers(0, 4, (2, n_bars))
    codes = np.where(codes == 3, 6, codes + np.array([[0], [3]]))
    valid = generator.random(n_bars) < 0.9
    outcomes = pack_masks([(generator.random(n_bars) < 0.5) & valid for _ in range(3)], n_bars)
    group = PackedGroup(pack_mask(valid), outcomes, horizon, words_per_block)
    return events, pack_slots(codes, 6), group


@given(
    n_bars=st.integers(1, 5000),
    seed=st.integers(0, 2**32 - 1),
    density=st.floats(0.001, 1.0),
    words_per_block=st.integers(1, 5),
    horizon=st.integers(1, 80),
    n_threads=st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_kernel_equals_the_reference(
    n_bars: int, seed: int, density: float, words_per_block: int, horizon: int, n_threads: int
) -> None:
    events, bins, group = _case(n_bars, seed, density, words_per_block, horizon)
    fast_cells, fast_outcomes = count_group(events, bins, group, n_threads)
    slow_cells, slow_outcomes = count_group_slowly(events, bins, group)
    np.testing.assert_array_equal(fast_cells, slow_cells)
    np.testing.assert_array_equal(fast_outcomes, slow_outcomes)


@pytest.mark.parametrize("n_threads", [1, 2, 3, 7])
def test_thread_count_does_not_change_a_bit(n_threads: int) -> None:
    events, bins, group = _case(200_003, 5, 0.1, 2, 20)
    np.testing.assert_array_equal(
        count_group(events, bins, group, 1)[0], count_group(events, bins, group, n_threads)[0]
    )
    np.testing.assert_array_equal(
        count_group(events, bins, group, 1)[1], count_group(events, bins, group, n_threads)[1]
    )


def test_reference_equals_the_block_moments_of_the_estimators() -> None:
    """An independent path to the same sums: per-block counts handed to the estimators' own summation."""
    n_bars, horizon = 1000, 7
    generator = np.random.default_rng(3)
    event, valid = generator.random(n_bars) < 0.2, generator.random(n_bars) < 0.95
    true = (generator.random(n_bars) < 0.4) & valid
    hit = event & valid
    starts = np.arange(0, n_bars, 64)
    per_block = [np.add.reduceat(m.astype(np.int64), starts) for m in (hit, hit & true, valid, true)]
    positions = np.flatnonzero(hit)
    covered = {p + j for p in positions for j in range(1, horizon + 1)}
    expected = moments_of_blocks(
        per_block[0][:, None],
        per_block[1][:, None],
        per_block[2],
        per_block[3],
        covered=np.array([len(covered)]),
        squares=np.array([(hit & true).sum()]),
    )
    group = PackedGroup(pack_mask(valid), pack_masks([true], n_bars), horizon, 1)
    cells, outcomes = count_group(pack_masks([event], n_bars), pack_masks([np.ones(n_bars, bool)], n_bars), group)
    names = ("n", "covered", "blocks", "nn", "n_all", "all_all")
    assert [int(v) for v in cells[0, 0]] == [int(getattr(expected, name)[0]) for name in names]
    names = ("total", "nt", "tt", "n_total", "t_all", "t_total", "all_total", "total_total")
    assert [int(v) for v in outcomes[0, 0, 0]] == [int(getattr(expected, name)[0]) for name in names]


def test_blocks_too_long_for_the_kernel_are_still_counted_exactly() -> None:
    events, bins, group = _case(70_000, 11, 0.5, 300, 4900)
    np.testing.assert_array_equal(count_group(events, bins, group)[1], count_group_slowly(events, bins, group)[1])
    assert count_group(events, bins, group)[0][2, 0, 0] > 0


def test_largest_blocks_of_the_kernel_do_not_overflow() -> None:
    """Every bar is an event and a success: the largest sums there can be."""
    n_bars = 64 * 256 * 5
    ones = np.ones(n_bars, dtype=bool)
    group = PackedGroup(pack_mask(ones), pack_masks([ones], n_bars), 4000, 256)
    cells, outcomes = count_group(pack_masks([ones], n_bars), pack_masks([ones], n_bars), group, 1)
    assert int(cells[0, 0, 3]) == 5 * (64 * 256) ** 2
    assert int(outcomes[0, 0, 0, 7]) == 5 * (64 * 256) ** 2
    assert int(cells[0, 0, 1]) == n_bars + 4000 - 1


@pytest.mark.parametrize("bad", [-1, 4])
def test_slots_out_of_range_are_refused(bad: int) -> None:
    with pytest.raises(DataContractError, match="Slots run from 0 to 3"):
        pack_slots(np.array([[0, bad]]), 3)
