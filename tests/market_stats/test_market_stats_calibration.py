"""The numbers are honest: coverage, size and false discoveries on worlds without any effect.

Truth: returns are symmetric and independent of the past's sign, so every rate is one half and every lift is noise.
"""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from quant_core.conditions.calendar_bin import CalendarBin
from quant_core.conditions.quantile_bin import QuantileBin
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.estimators.wilson import Wilson
from quant_core.events.breakout_hhll import BreakoutHhll
from quant_core.events.bullish_candle import BullishCandle
from quant_core.events.k_consecutive import KConsecutive
from quant_core.events.new_high_n import NewHighN
from quant_core.events.shock_atr import ShockAtr
from quant_core.market_stats import compute_market_stats
from quant_core.spec import MarketStatsSpec
from quant_core.splitters.single_split import SingleSplit
from quant_core.targets.continuation_n import ContinuationN
from tests.market_stats.market_worlds import garch_t, random_walk

WORLDS = {"random_walk": random_walk, "garch_t": garch_t}
SPEC = MarketStatsSpec(
    events=(KConsecutive(window_bars=3), ShockAtr(), BreakoutHhll(), NewHighN(window_bars=100)),
    targets=(ContinuationN(horizon_bars=1),),
    splitter=SingleSplit(0.98),
    n_min=1,
)
MANY = replace(
    SPEC,
    events=(*SPEC.events, BullishCandle(), KConsecutive(window_bars=2, direction="down"), BreakoutHhll(type="ll")),
    conditions=(VolTertile(), CalendarBin(), QuantileBin(), QuantileBin(n_bins=10)),
    n_min=100,
    fdr=0.10,
)


def train_rows(world, spec, horizon, n_worlds, seed):
    """The train rows of many worlds of 5,000 training bars."""
    rng = np.random.default_rng([seed, horizon])
    spec = replace(spec, targets=(ContinuationN(horizon_bars=horizon),))
    frames = [compute_market_stats(WORLDS[world](5103, rng), spec).filter(split="train") for _ in range(n_worlds)]
    return pl.concat([f.with_columns(pl.lit(i).alias("world")) for i, f in enumerate(frames)])


def rates(rows):
    """Coverage of the interval and of one with plain n, and the share of p-values at or under 5 %."""
    covered = ((rows["ci_low"] <= 0.5) & (rows["ci_high"] >= 0.5)).mean()
    low, high = Wilson().interval(rows["p_hat"].to_numpy(), rows["n"].to_numpy())
    plain = float(np.mean((low <= 0.5) & (high >= 0.5)))
    return covered, plain, (rows["p_value"].drop_nulls() <= 0.05).mean()


@pytest.mark.parametrize("world", WORLDS)
def test_intervals_cover_and_tests_keep_their_size_quickly(world):
    rows = train_rows(world, SPEC, 20, 40, 1)
    covered, plain, size = rates(rows)
    # 160 cells, dependent inside a world: three standard errors of 40 independent worlds.
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 80)
    assert size <= 0.05 + 3 * np.sqrt(0.95 * 0.05 / 80)
    assert plain < 0.85, "this check must see the fault of plain n, or it could not fail"


@pytest.mark.slow
@pytest.mark.parametrize("horizon", [1, 5, 20, 60])
@pytest.mark.parametrize("world", WORLDS)
def test_coverage_and_size_at_every_horizon(world, horizon):
    rows = train_rows(world, SPEC, horizon, 150, 2)
    covered, plain, size = rates(rows)
    print(f"{world} h={horizon}: coverage {covered:.3f} (plain n {plain:.3f}), size {size:.3f}")  # noqa: T201
    for event, part in rows.group_by("event"):
        low, _, size_of_event = rates(part)
        print(f"  {event[0]}: coverage {low:.3f}, size {size_of_event:.3f}")  # noqa: T201
    assert 0.93 <= covered <= 0.985
    assert size <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize("horizon", [1, 5, 20, 60])
@pytest.mark.parametrize("world", WORLDS)
def test_noise_with_many_dependent_conditions_rarely_yields_a_discovery(world, horizon):
    n = 120
    rows = train_rows(world, MANY, horizon, n, 3)
    found = rows.filter(verdict="significant")["world"].n_unique() / n
    print(f"{world} h={horizon}: {rows['n_tests'].mean():.0f} tests, worlds with a discovery {found:.3f}")  # noqa: T201
    assert rows["n_tests"].min() > 60
    assert found <= 0.10 + 2 * np.sqrt(0.1 * 0.9 / n)
