"""The packed counting of binary targets equals the readable reference on real blocks, every integer of it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.bars import Bars
from quant_core.conditions import CONDITIONS
from quant_core.counting.block_moments import BlockMoments
from quant_core.events import EVENTS
from quant_core.market_stats._count import count_target
from quant_core.market_stats._count_bits import count_binary_targets
from quant_core.market_stats._panel import Outcome
from quant_core.targets import TARGETS

BINARY = [t() for t in TARGETS.values() if t().kind == "binary"]


def _assert_equal(events, codes, outcomes, n_slots, n_threads) -> None:
    fast = count_binary_targets(BINARY, events, codes, outcomes, n_slots, n_threads)
    for target, outcome, counts in zip(BINARY, outcomes, fast, strict=True):
        slow = count_target(target, events, codes, outcome, n_slots)
        for field in fields(BlockMoments):
            np.testing.assert_array_equal(
                getattr(counts.moments, field.name), getattr(slow.moments, field.name), err_msg=field.name
            )


@given(n_bars=st.integers(2, 3000), seed=st.integers(0, 2**32 - 1), n_threads=st.sampled_from([1, 2, 3]))
@settings(max_examples=25, deadline=None)
def test_packed_counts_equal_the_reference_on_random_masks(n_bars: int, seed: int, n_threads: int) -> None:
    generator = np.random.default_rng(seed)
    events = generator.random((4, n_bars)) < np.array([[0.3], [0.01], [1.0], [0.0]])
    codes = np.stack(
        [np.zeros(n_bars, dtype=np.int64), generator.integers(1, 5, n_bars), generator.integers(5, 9, n_bars)]
    )
    codes[1][codes[1] == 4] = 9  # slot 4 stays empty, its bars have no state
    outcomes = []
    for target in BINARY:
        valid = (generator.random(n_bars) < 0.8) & (np.arange(n_bars) + target.horizon < n_bars)
        value = np.where(valid, generator.integers(0, 2, n_bars), 0)
        outcomes.append(Outcome(value, valid, np.ones(n_bars, dtype=bool)))
    _assert_equal(events, codes, outcomes, 9, n_threads)


@pytest.mark.parametrize("n_bars", [640, 1001])
def test_packed_counts_equal_the_reference_on_shipped_blocks(n_bars: int) -> None:
    generator = np.random.default_rng(n_bars)
    close = 100 * np.exp(np.cumsum(generator.normal(0, 0.01, n_bars)))
    opened = np.concatenate([[100.0], close[:-1]])
    bars = Bars.of(
        open=opened.tolist(),
        high=(np.maximum(opened, close) * 1.003).tolist(),
        low=(np.minimum(opened, close) * 0.997).tolist(),
        close=close.tolist(),
    )
    events = np.stack([e().mask(bars).fill_null(value=False).to_numpy() for e in EVENTS.values()])
    codes, n_slots = [np.zeros(n_bars, dtype=np.int64)], 1
    for block in CONDITIONS.values():
        labels = block().fit(bars.head(n_bars // 2)).labels(bars)
        number = {value: n_slots + i for i, value in enumerate(block().values)}
        codes.append(np.array([number.get(label, -1) for label in labels.to_list()]))
        n_slots += len(number)
    table = np.stack(codes)
    table[table < 0] = n_slots
    outcomes = []
    for target in BINARY:
        frame = target.outcome(bars)
        value = frame["value"].cast(int).fill_null(0).to_numpy()
        outcomes.append(Outcome(value, frame["value"].is_not_null().to_numpy(), np.ones(n_bars, dtype=bool)))
    assert sum(int(events[:, o.valid].sum()) for o in outcomes) > 0
    _assert_equal(events, table, outcomes, n_slots, None)
