"""The shipped blocks pass the audit: 1,000 random cuts without a false alarm, and a broken block is still seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.bars.higher_timeframe import higher_bars
from quant_core.conditions import CONDITIONS, Condition
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.errors import ConfigError
from quant_core.events import EVENTS
from quant_core.features import FEATURES, Feature
from quant_core.leak_audit.blocks import AuditedBlocks, audit_blocks, leaks_at
from quant_core.splitters.walk_forward import WalkForward
from quant_core.timeframes import Timeframe

EVERY_BLOCK = AuditedBlocks(
    features=[block() for block in FEATURES.values()],
    events=[block() for block in EVENTS.values()],
    conditions=[block() for block in CONDITIONS.values()],
)


def _hours(n: int, seed: int) -> Bars:
    """Hourly bars around the clock with clustered volatility and holes in the volume."""
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
        start=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=seed),
    )


def test_every_block_passes_a_quick_audit() -> None:
    report = audit_blocks(_hours(900, 1), EVERY_BLOCK, n_cuts=8, seed=4)
    assert report.leaks == []
    assert report.n_columns == len(FEATURES) + len(EVENTS) + len(CONDITIONS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_every_block_passes_a_hundred_random_cuts(seed: int) -> None:
    """Ten times a hundred cuts: 1,000 in all, each comparing every block."""
    report = audit_blocks(_hours(700, seed), EVERY_BLOCK, n_cuts=50, seed=seed)
    assert report.leaks == []
    assert report.n_cuts == 100


def test_higher_bars_and_folds_pass() -> None:
    blocks = AuditedBlocks(
        higher_timeframes=[Timeframe.H4, Timeframe.D1],
        splitters=[WalkForward(train_months=1, test_months=1, scheme=s) for s in ("rolling", "anchored")],
    )
    report = audit_blocks(_hours(24 * 150, 2), blocks, n_cuts=30, seed=2)
    assert report.leaks == []


@dataclass(frozen=True)
class _DemeanedClose(Feature):
    """Close minus its full-sample mean: looks ahead."""

    @property
    def unit(self) -> str:
        return "price"

    def compute(self, bars: Bars) -> pl.Series:
        return bars.frame["close"] - bars.frame["close"].mean()


@dataclass(frozen=True)
class _RefittedTertile(Condition):
    """Ignores the training bars and cuts whatever it labels: looks ahead."""

    @property
    def values(self) -> tuple[str, ...]:
        return VolTertile().values

    def labels(self, bars: Bars) -> pl.Series:
        return VolTertile().fit(bars).labels(bars)


def test_block_that_looks_ahead_is_named() -> None:
    blocks = AuditedBlocks(features=[_DemeanedClose()], conditions=[_RefittedTertile()])
    leaks = audit_blocks(_hours(500, 3), blocks, n_cuts=20, seed=1).leaks
    assert {leak.column for leak in leaks} == {_DemeanedClose().canonical, _RefittedTertile().canonical}


def test_a_coarser_bar_known_before_its_close_is_seen_in_the_bars_and_in_the_join(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last four-hour bar is stamped one hour early: the hour that completes it is still running."""

    def early(bars: Bars, timeframe: Timeframe) -> Bars:
        higher = higher_bars(bars, timeframe)
        return higher.with_frame(higher.frame.with_columns(pl.col("ts_close").dt.offset_by("-1h")))

    monkeypatch.setattr("quant_core.leak_audit.blocks.higher_bars", early)
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
