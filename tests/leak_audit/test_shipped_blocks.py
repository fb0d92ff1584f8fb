"""The shipped blocks and engines pass the audit: 1,000 cuts without a false alarm, and a broken block is still seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.bars.higher_timeframe import higher_bars
from quant_core.conditions import CONDITIONS
from quant_core.dimensions import DIMENSIONS
from quant_core.errors import ConfigError
from quant_core.events import EVENTS
from quant_core.features import FEATURES, Feature
from quant_core.leak_audit.blocks import AuditedBlocks, audit_blocks, leaks_at
from quant_core.leak_audit.cuts import cuts_of
from quant_core.leak_audit.engines import market_stats_engine, seasonality_engine
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.profile_metrics import PROFILE_METRICS
from quant_core.seasonality.settings import SeasonalityProfileSpec
from quant_core.splitters.single_split import SingleSplit
from quant_core.splitters.walk_forward import WalkForward
from quant_core.targets import TARGETS
from quant_core.timeframes import Timeframe
from tests.leak_audit.leaks_in_blocks import RefittedTertile

EVERY_BLOCK = AuditedBlocks(
    features=[block() for block in FEATURES.values()],
    events=[block() for block in EVENTS.values()],
    conditions=[block() for block in CONDITIONS.values()],
    targets=[block() for block in TARGETS.values()],
    dimensions=[block() for block in DIMENSIONS.values()],
    metrics=[block() for block in PROFILE_METRICS.values()],
)
N_COLUMNS = (
    sum(len(family) for family in (FEATURES, EVENTS, CONDITIONS, DIMENSIONS))
    + 7 * len(TARGETS)  # value, observed, tied and four payoffs
    + len({metric().bar_value for metric in PROFILE_METRICS.values()})
)


JANUARY, FEBRUARY = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 20, tzinfo=UTC)


def _hours(n: int, seed: int, calendar: str = "always_open", start: datetime = JANUARY) -> Bars:
    """Hourly bars with clustered volatility and holes in the volume."""
    generator = np.random.default_rng(seed)
    sigma = 0.002 * np.exp(0.5 * np.sin(np.arange(n) / 40))
    close = 100 * np.exp(np.cumsum(generator.standard_t(5, n) * sigma))
    spread = close * sigma * generator.random(n)
    opened = np.concatenate([[100.0], close[:-1]]) * (1 + 0.0005 * generator.standard_normal(n))
    volume = [float(v) if v > 20 else 0.0 for v in generator.integers(0, 1000, n)]
    return Bars.of(
        open=opened.tolist(),
        high=(np.maximum(opened, close) + spread).tolist(),
        low=(np.minimum(opened, close) - spread).tolist(),
        close=close.tolist(),
        volume=volume,
        start=start + timedelta(days=seed),
        calendar=calendar,
    )


def test_every_block_passes_a_quick_audit() -> None:
    report = audit_blocks(_hours(900, 1), EVERY_BLOCK, n_cuts=4, seed=4, fresh_process=True)
    assert report.leaks == []
    assert report.n_columns == N_COLUMNS


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("calendar", ["always_open", "fx_24_5", "XNYS"])
def test_every_block_passes_at_random_and_telling_cuts(calendar: str, seed: int) -> None:
    """Over the clock changes of spring: six audits make more than 1,000 cuts, each comparing all blocks of a family."""
    bars = _hours(400 if calendar == "XNYS" else 1100, seed, calendar, FEBRUARY)
    cuts = cuts_of(bars, 12, seed)
    assert len(cuts) >= 12 + 10
    report = audit_blocks(bars, EVERY_BLOCK, n_cuts=12, seed=seed)
    assert report.leaks == []
    assert report.n_cuts >= 170


@pytest.mark.slow
@pytest.mark.parametrize(("calendar", "seed"), [("always_open", 0), ("fx_24_5", 1), ("XNYS", 3)])
def test_the_engines_of_the_shipped_blocks_pass(calendar: str, seed: int) -> None:
    """All blocks at once in market statistics, all dimensions and metrics in the profile, with and without embargo."""
    spec = MarketStatsSpec(
        events=tuple(EVERY_BLOCK.events),
        conditions=tuple(EVERY_BLOCK.conditions),
        targets=tuple(EVERY_BLOCK.targets),
        splitter=SingleSplit(train_fraction=0.6, embargo_days=seed),
        n_resamples=99,
        n_min=30,
    )
    names = {"dimensions": tuple(DIMENSIONS), "metrics": tuple(PROFILE_METRICS)}
    profile = SeasonalityProfileSpec.model_validate(names | {"min_samples_bin": 20})
    engines = [market_stats_engine(spec), seasonality_engine(profile, spec.splitter)]
    report = audit_blocks(_hours(1000, seed, calendar), AuditedBlocks(), n_cuts=1, seed=seed, engines=engines)
    assert report.leaks == []
    assert report.n_values_of_engines > 100_000


def test_higher_bars_and_folds_pass() -> None:
    blocks = AuditedBlocks(
        higher_timeframes=[Timeframe.H4, Timeframe.D1],
        splitters=[WalkForward(train_months=1, test_months=1, scheme=s) for s in ("rolling", "anchored")],
    )
    report = audit_blocks(_hours(24 * 100, 2), blocks, n_cuts=12, seed=2)
    assert report.leaks == []


@dataclass(frozen=True)
class _DemeanedClose(Feature):
    """Close minus its full-sample mean: looks ahead."""

    @property
    def unit(self) -> str:
        return "price"

    def compute(self, bars: Bars) -> pl.Series:
        return bars.frame["close"] - bars.frame["close"].mean()


def test_block_that_looks_ahead_is_named() -> None:
    blocks = AuditedBlocks(features=[_DemeanedClose()], conditions=[RefittedTertile()])
    leaks = audit_blocks(_hours(500, 3), blocks, n_cuts=20, seed=1).leaks
    assert {leak.column for leak in leaks} == {_DemeanedClose().canonical, RefittedTertile().canonical}


def test_a_coarser_bar_known_before_its_close_is_seen_in_the_bars_and_in_the_join(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last four-hour bar is stamped one hour early: the hour that completes it is still running."""

    def early(bars: Bars, timeframe: Timeframe) -> Bars:
        higher = higher_bars(bars, timeframe)
        return higher.with_frame(higher.frame.with_columns(pl.col("ts_close").dt.offset_by("-1h")))

    monkeypatch.setattr("quant_core.leak_audit.computations.higher_bars", early)
    bars = _hours(300, 5)
    report = audit_blocks(bars, AuditedBlocks(higher_timeframes=[Timeframe.H4]), n_cuts=15, seed=3)
    assert {leak.block for leak in report.leaks} == {"bars resampled to H4", "join to bars of H4"}
    again = leaks_at(
        bars, AuditedBlocks(higher_timeframes=[Timeframe.H4]), cut=report.leaks[0].cut, train_end=report.train_end
    )
    assert report.leaks[0] in again


def test_too_few_bars_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 10 bars"):
        audit_blocks(Bars.of(close=[1.0] * 9), EVERY_BLOCK, n_cuts=1, seed=0)
