"""Features, events and conditions: the value at a bar uses that bar and earlier ones, nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable

import polars as pl
import pytest
from polars.testing import assert_series_equal

from quant_core.bars import Bars
from quant_core.block import Block
from quant_core.conditions import CONDITIONS
from quant_core.conditions.contract import Condition
from quant_core.events import EVENTS
from quant_core.events.contract import Event
from quant_core.features import FEATURES
from quant_core.features.contract import Feature
from tests.contract.block_variants import suits, variants
from tests.contract.random_bars import altered_from

BLOCKS: list[Block] = [*variants(FEATURES), *variants(EVENTS), *variants(CONDITIONS)]
N_TRAIN = 400


def series_of(block: Block, bars: Bars) -> Callable[[Bars], pl.Series]:
    """What the block says about bars; a condition is fitted once, on the first bars, and then frozen."""
    match block:
        case Feature():
            return block.compute
        case Event():
            return block.mask
        case Condition():
            return block.fit(bars.head(N_TRAIN)).labels
    raise TypeError(block)


def cuts_of(block: Block, n: int) -> list[int]:
    """Fixed cuts around warm-ups, and cuts drawn per block: other bars for each, the same in every run."""
    drawn = random.Random(block.canonical)
    return [1, 2, 31, 101, *(drawn.randrange(1, n) for _ in range(4)), n - 1]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
@pytest.mark.parametrize("market", ["intraday", "daily"])
def test_never_looks_ahead(block: Block, market: str, markets: dict[str, Bars]) -> None:
    """Neither the arrival nor the content of later bars changes a value."""
    bars = markets[market]
    if not suits(block, bars):
        return
    evaluate = series_of(block, bars)
    whole = evaluate(bars)
    for cut in cuts_of(block, len(bars)):
        assert_series_equal(evaluate(bars.head(cut)), whole.head(cut), check_exact=True)
        altered = evaluate(altered_from(bars, cut)).head(cut)
        assert_series_equal(altered, whole.head(cut), check_exact=True)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_series_has_the_promised_shape(block: Block, markets: dict[str, Bars]) -> None:
    allowed = {Feature: (pl.Float64, pl.Int32, pl.String), Event: (pl.Boolean,), Condition: (pl.String,)}
    family = next(f for f in allowed if isinstance(block, f))
    for bars in markets.values():
        if suits(block, bars):
            series = series_of(block, bars)(bars)
            assert series.name == block.canonical
            assert len(series) == len(bars)
            assert series.dtype in allowed[family]
            assert series.head(block.warmup).null_count() == block.warmup
            assert series.dtype != pl.Float64 or series.is_finite().drop_nulls().all()


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_something_happens(block: Block, markets: dict[str, Bars]) -> None:
    """On rich bars a feature varies, an event fires, a condition has at least two states."""
    seen = [series_of(block, bars)(bars).drop_nulls() for bars in markets.values() if suits(block, bars)]
    if isinstance(block, Event):
        assert any(mask.any() for mask in seen)
    else:
        assert any(series.n_unique() >= 2 for series in seen)


@pytest.mark.parametrize("event", variants(EVENTS), ids=str)
def test_event_is_decided_after_its_warmup(event: Event, markets: dict[str, Bars]) -> None:
    for bars in markets.values():
        mask = event.mask(bars)
        assert mask.slice(event.warmup).null_count() == 0
