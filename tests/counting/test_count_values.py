"""The compiled counting of numbers and durations equals the readable reference, within any limits."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quant_core.bars import Bars
from quant_core.compute import Compute
from quant_core.counting.block_moments import BlockMoments
from quant_core.counting.values import QUARTILES, group_and_rank
from quant_core.market_stats import compute_market_stats
from quant_core.market_stats._count import count_target
from quant_core.market_stats._count_values import count_value_target
from quant_core.market_stats._panel import Outcome
from quant_core.seasonality import compute_seasonality, compute_stability
from quant_core.spec import load_research
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.time_to_touch import TimeToTouch
from quant_core.timeframes import Timeframe

N_SLOTS = 9


def _split(n_bars: int, seed: int):
    """Events from none to all, two conditions with an empty slot and bars without state."""
    generator = np.random.default_rng(seed)
    events = generator.random((4, n_bars)) < np.array([[0.3], [0.01], [1.0], [0.0]])
    codes = np.stack([np.zeros(n_bars, dtype=int), generator.integers(1, 5, n_bars), generator.integers(5, 9, n_bars)])
    codes[1][codes[1] == 4] = N_SLOTS
    return generator, events, codes.astype(np.int32)


def _assert_equal(target, events, codes, outcome, n_threads) -> None:
    fast = count_value_target(target, events, codes, outcome, N_SLOTS, n_threads)
    slow = count_target(target, events, codes.astype(np.int64), outcome, N_SLOTS)
    for name in ("ended", "censored", "all_durations"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name), err_msg=name)
    for ours, theirs in zip(fast.values, slow.values, strict=True):
        np.testing.assert_array_equal(ours.slots(), theirs.slots())
        np.testing.assert_array_equal(ours.values, theirs.values)
    for field in fields(BlockMoments):
        ours, theirs = getattr(fast.moments, field.name), getattr(slow.moments, field.name)
        if np.issubdtype(ours.dtype, np.integer):
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, err_msg=field.name)


@given(n_bars=st.integers(2, 3000), seed=st.integers(0, 2**32 - 1), n_threads=st.sampled_from([1, 2, 3]))
@settings(max_examples=25, deadline=None)
def test_compiled_sums_equal_the_reference(n_bars: int, seed: int, n_threads: int) -> None:
    generator, events, codes = _split(n_bars, seed)
    for target in (ForwardReturnN(horizon_bars=5), TimeToTouch()):
        valid = (generator.random(n_bars) < 0.8) & (np.arange(n_bars) + target.horizon < n_bars)
        if target.kind == "numeric":
            value = np.where(valid, generator.normal(size=n_bars), 0.0)
        else:
            value = np.where(valid, generator.integers(0, target.horizon + 1, n_bars), 0)
        _assert_equal(target, events, codes, Outcome(value, valid, generator.random(n_bars) < 0.6), n_threads)


@given(n=st.integers(0, 400), n_kinds=st.sampled_from([2, 1000]), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_grouping_keeps_time_order_and_quartiles_equal_numpy(n: int, n_kinds: int, seed: int) -> None:
    generator, _, codes = _split(n, seed)
    values = generator.integers(0, n_kinds, n).astype(float)
    counts = np.bincount(codes.ravel(), minlength=N_SLOTS + 1)[:N_SLOTS]
    starts = np.concatenate([[0], np.cumsum(counts)])
    grouped, quartiles = group_and_rank(values, codes, np.argsort(values), starts, np.array(QUARTILES))
    for slot in range(N_SLOTS):
        own = np.concatenate([values[row == slot] for row in codes])
        np.testing.assert_array_equal(grouped[starts[slot] : starts[slot + 1]], own)
        if len(own):
            np.testing.assert_allclose(quartiles[slot], np.quantile(own, QUARTILES), rtol=1e-14)
        else:
            assert np.isnan(quartiles[slot]).all()


def test_statistics_are_equal_for_any_number_of_threads() -> None:
    generator = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(generator.normal(0, 0.01, 1200)))
    bars = Bars.of(open=close, high=close * 1.01, low=close * 0.99, close=close)
    text = """
    market_stats:
      events: [always_true, shock_atr]
      conditions: [calendar_bin(dimension=dow), calendar_bin(dimension=month)]
      targets: [up_next_bar, forward_return_n(horizon_bars=5), time_to_touch]
    """
    spec = load_research(text, "research.yaml")
    limits = [Compute(threads=1), Compute(threads=2)]
    one, two = (compute_market_stats(bars, spec.market_stats, c) for c in limits)
    assert_frame_equal(one, two, check_exact=True)
    assert one["mean_ci_low"].is_not_null().any()
    with_limits = load_research(text + "\n    compute: {threads: 1, memory_mb: 8}", "research.yaml")
    assert (with_limits.compute, with_limits.spec_id) == (Compute(1, 8), spec.spec_id)
    profile = spec.seasonality.profile_at(bars.timeframe)
    for compute in (compute_seasonality, compute_stability):
        assert_frame_equal(compute(bars, profile, n_threads=1), compute(bars, profile, n_threads=2), check_exact=True)


def test_little_memory_takes_the_conditions_in_turn_and_changes_nothing() -> None:
    generator = np.random.default_rng(6)
    close = 100 * np.exp(np.cumsum(generator.normal(0, 0.001, 200_000)))
    bars = Bars.of(open=close, high=close, low=close, close=close, timeframe=Timeframe.M1)
    text = """
    market_stats:
      events: [always_true]
      conditions: [calendar_bin(dimension=dow), calendar_bin(dimension=hour)]
      targets: [forward_return_n(horizon_bars=5)]
      n_resamples: 99
    """
    stats = load_research(text, "research.yaml").market_stats
    little, plenty = (compute_market_stats(bars, stats, Compute(memory_mb=mb)) for mb in (1, 256))
    assert_frame_equal(little, plenty, check_exact=True)
    assert little["mean_ci_low"].is_not_null().sum() > 20
