"""Blocks, coarser bars and engines that look ahead only now and then, or only through what they remember.

Put here: planted leaks that need bars with a calendar, a fit or a fold, and the bars they run on.
Keep out: computations on plain frames (planted_leaks.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.bars.higher_timeframe import higher_bars
from quant_core.conditions import Condition
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.events.k_consecutive import KConsecutive
from quant_core.features import Feature
from quant_core.leak_audit.blocks import AuditedBlocks
from quant_core.leak_audit.engines import market_stats_engine
from quant_core.leak_audit.rewriting import AuditedEngine
from quant_core.market_stats._panel import Outcome, Panel
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.splitters import Fold
from quant_core.splitters.single_split import SingleSplit
from quant_core.splitters.walk_forward import WalkForward
from quant_core.targets.continuation_n import ContinuationN
from quant_core.timeframes import Timeframe


def hours(n: int, seed: int, *, jumps: int = 0, calendar: str = "fx_24_5") -> Bars:
    """Hourly bars of a walk that moves 0.1 % an hour, but for ``jumps`` moves of 3 %."""
    generator = np.random.default_rng(seed)
    moves = generator.normal(0, 0.001, n)
    where = generator.choice(np.arange(n // 4, n - 1), jumps, replace=False)
    moves[where] = np.where(np.arange(jumps) % 2 == 0, 0.03, -0.03)
    close = 100 * np.exp(np.cumsum(moves))
    opened = np.append(100.0, close[:-1])
    spread = close * np.abs(generator.normal(0, 0.0005, n)) * (1 + (np.arange(n) > n // 2))
    return Bars.of(
        open=opened.tolist(),
        high=(np.maximum(opened, close) + spread).tolist(),
        low=(np.minimum(opened, close) - spread).tolist(),
        close=close.tolist(),
        volume=generator.integers(1, 1000, n).astype(float).tolist(),
        start=datetime(2024, 1, 2, tzinfo=UTC),
        calendar=calendar,
    )


@dataclass(frozen=True)
class LargeMoveSeen(Feature):
    """The close, but before a move of more than 2 % the close after it."""

    @property
    def unit(self) -> str:
        return "price"

    def compute(self, bars: Bars) -> pl.Series:
        close, later = pl.col("close"), pl.col("close").shift(-1)
        seen = pl.when((later / close - 1).abs() > 0.02).then(later).otherwise(close)
        return bars.frame.select(seen.alias(self.canonical)).to_series()


@dataclass(frozen=True)
class RefittedTertile(Condition):
    """Tertiles of volatility that ignore the training bars and cut whatever they label."""

    @property
    def values(self) -> tuple[str, ...]:
        return VolTertile().values

    def labels(self, bars: Bars) -> pl.Series:
        return VolTertile().fit(bars).labels(bars)


@dataclass(frozen=True)
class FirstFitOfSymbol(RefittedTertile):
    """The first fit of a symbol is kept for all later ones."""

    fits: ClassVar[dict[str, Condition]] = {}

    def fit(self, train: Bars) -> Condition:
        return self.fits.setdefault(train.symbol, VolTertile().fit(train))


@dataclass(frozen=True)
class FirstFitOfAll(RefittedTertile):
    """The first fit of the process is kept, whatever it is asked for later."""

    kept: ClassVar[list[Condition]] = []

    def fit(self, train: Bars) -> Condition:
        if not self.kept:
            self.kept.append(VolTertile().fit(train))
        return self.kept[0]


@dataclass(frozen=True)
class LongestFit(RefittedTertile):
    """The fit on the longest bars that were ever seen is kept, because it must be the best."""

    longest: ClassVar[list[Bars]] = []

    def fit(self, train: Bars) -> Condition:
        self.longest.append(train)
        return VolTertile().fit(max(self.longest, key=len))


@dataclass(frozen=True)
class WalkForwardWithoutEmbargo(WalkForward):
    """Reads ``embargo_days`` and leaves no bar out."""

    def folds(self, session_dates: pl.Series) -> tuple[Fold, ...]:
        return WalkForward(self.scheme, self.train_months, self.test_months, self.n_folds).folds(session_dates)


@dataclass(frozen=True)
class Planted:
    """A leak: the bars and blocks that are audited, what is patched, and the block that must be named."""

    bars: Bars
    block: str
    blocks: AuditedBlocks = field(default_factory=AuditedBlocks)
    engines: tuple[AuditedEngine, ...] = ()
    patch: Callable[[pytest.MonkeyPatch], None] = field(default=lambda patch: None)


def early_where_clocks_disagree(patch: pytest.MonkeyPatch) -> None:
    """Coarser bars are stamped an hour early while New York has changed its clock and London has not."""

    def early(bars: Bars, timeframe: Timeframe) -> Bars:
        frame = higher_bars(bars, timeframe).frame
        clocks = [pl.col("ts_close").dt.convert_time_zone(z).dt for z in ("America/New_York", "Europe/London")]
        summer = [clock.dst_offset() > pl.duration() for clock in clocks]
        stamp = pl.when(summer[0] != summer[1]).then(pl.col("ts_close").dt.offset_by("-1h"))
        return bars.with_frame(frame.with_columns(ts_close=stamp.otherwise("ts_close")))

    patch.setattr("quant_core.leak_audit.computations.higher_bars", early)


def fitted_on_train_and_test(patch: pytest.MonkeyPatch) -> None:
    honest = Panel.codes

    def codes(panel: Panel, train: tuple[int, int], stop: int) -> Any:
        return honest(panel, (train[0], stop), stop)

    patch.setattr(Panel, "codes", codes)


def purged_one_short(patch: pytest.MonkeyPatch) -> None:
    """The last outcome of a split ends one bar outside it."""
    honest = Panel.outcome

    def outcome(panel: Panel, target: Any, start: int, stop: int) -> Outcome:
        longer = honest(panel, target, start, min(stop + 1, len(panel.bars)))
        n = stop - start
        tied = None if longer.tied is None else longer.tied[:n]
        return Outcome(longer.value[:n], longer.valid[:n], longer.observed[:n], tied)

    patch.setattr(Panel, "outcome", outcome)


def tested_on_the_embargo(patch: pytest.MonkeyPatch) -> None:
    """The engine starts its test where the training ends, whatever the fold says."""

    def span(fold: Fold, split: str) -> tuple[int, int]:
        return (fold.train_start, fold.train_stop) if split == "train" else (fold.train_stop, fold.test_stop)

    patch.setattr("quant_core.market_stats._range", span)


ENGINE = market_stats_engine(
    MarketStatsSpec(
        events=(KConsecutive(window_bars=2),),
        conditions=(VolTertile(),),
        targets=(ContinuationN(horizon_bars=5),),
        splitter=SingleSplit(embargo_days=3),
        n_min=20,
    )
)
_YEAR = hours(6500, 1)
_SHORT = hours(900, 2)
_NO_EMBARGO = WalkForwardWithoutEmbargo(train_months=1, test_months=1, embargo_days=4)

IN_BLOCKS = {
    "higher_bar_early_in_mismatch_weeks": Planted(
        _YEAR,
        "bars resampled to D1",
        AuditedBlocks(higher_timeframes=[Timeframe.D1]),
        patch=early_where_clocks_disagree,
    ),
    "leak_on_large_moves": Planted(
        hours(3000, 3, jumps=2), LargeMoveSeen().canonical, AuditedBlocks(features=[LargeMoveSeen()])
    ),
    "fit_remembers_its_symbol": Planted(
        _SHORT, FirstFitOfSymbol().canonical, AuditedBlocks(conditions=[FirstFitOfSymbol()])
    ),
    "fit_remembers_the_first": Planted(_SHORT, FirstFitOfAll().canonical, AuditedBlocks(conditions=[FirstFitOfAll()])),
    "fit_remembers_the_longest": Planted(_SHORT, LongestFit().canonical, AuditedBlocks(conditions=[LongestFit()])),
    "fit_on_train_and_test": Planted(_SHORT, "market_stats", engines=(ENGINE,), patch=fitted_on_train_and_test),
    "purge_one_short": Planted(_SHORT, "market_stats", engines=(ENGINE,), patch=purged_one_short),
    "no_embargo": Planted(hours(3000, 4), _NO_EMBARGO.canonical, AuditedBlocks(splitters=[_NO_EMBARGO])),
    "test_on_the_embargo": Planted(_SHORT, "market_stats", engines=(ENGINE,), patch=tested_on_the_embargo),
}
