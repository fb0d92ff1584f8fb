"""The leak audit of one symbol: every contrast, over every block and engine that is asked for.

Put here: the walk over computations, cuts and contrasts, and the report of it.
Keep out: how a family is computed (computations.py), where to cut (cuts.py), what each contrast is (audit.py,
rewriting.py, fresh_process.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.errors import ConfigError
from quant_core.leak_audit.audit import Comparison, Leak, compare_at_cuts, find_leaks
from quant_core.leak_audit.computations import AuditedBlocks, AuditedComputation, computations
from quant_core.leak_audit.cuts import cuts_of, random_cuts
from quant_core.leak_audit.fresh_process import remembering_leaks, see_everything
from quant_core.leak_audit.rewriting import AuditedEngine, embargo_leaks, engine_leaks, price_leaks
from quant_core.splitters import Fold, Splitter

__all__ = ["MIN_BARS", "AuditReport", "AuditedBlocks", "audit_blocks", "leaks_at"]

MIN_BARS = 10
"""Fewer bars leave too little on both sides of a cut."""
MAX_FOLDS = 1
"""Folds of an engine that are looked at, drawn by the seed: each costs up to four runs of it."""


@dataclass
class AuditReport:
    """Leaks found, and how hard was looked.

    Attributes:
        train_end: close (UTC) of the last bar that conditions were fitted on.
        leaks: what was found, in the order of looking; one per block and column, and one per engine.
        n_cuts: cuts made in all audits together.
        n_columns: columns compared at cuts.
        n_values: values compared: rows decided by each cut times columns, summed over the cuts and other contrasts.
        n_values_of_engines: those of engines among them; 0 where the bars are too short for a fold.
    """

    train_end: datetime
    leaks: list[Leak] = field(default_factory=list[Leak])
    n_cuts: int = 0
    n_columns: int = 0
    n_values: int = 0
    n_values_of_engines: int = 0

    def add(self, compared: Comparison) -> None:
        """Take in what one comparison found."""
        for leak in compared.leaks:
            if (leak.block, leak.column) not in {(known.block, known.column) for known in self.leaks}:
                self.leaks.append(leak)
        self.n_values += compared.n_values

    def add_engine(self, compared: Comparison) -> None:
        """Take in what an engine's splits showed: one leak stands for them all."""
        self.add(Comparison(compared.leaks[:1], compared.n_values))
        self.n_values_of_engines += compared.n_values


def audit_blocks(
    bars: Bars,
    blocks: AuditedBlocks,
    *,
    n_cuts: int,
    seed: int,
    train_share: float = 0.5,
    engines: Sequence[AuditedEngine] = (),
    fresh_process: bool = False,
) -> AuditReport:
    """Recompute blocks and engines where the future is gone or another, and report every value that changes.

    Blocks: computed again on bars cut at ``n_cuts`` random instants and at ``telling_cuts``. Conditions are fitted once
    per recomputation on the bars of the first ``train_share`` of the time and compared on the bars after it: inside the
    training bars a learned bin may use all of them. Folds are compared where they are complete at the cut.
    Higher-timeframe bars are compared where they are closed, joined ones at every bar, outcomes where their horizon has
    passed, values of what follows a bar from when they are known. Calendar bins must not change with prices either.

    Engines: one fold each, drawn by the seed; see ``engine_leaks``.

    Args:
        bars: one symbol at one timeframe, at least 10 bars.
        blocks: what to audit.
        n_cuts: random cuts per audit.
        seed: of the cuts, the folds and the rewritten prices; equal seeds give equal audits.
        train_share: fraction of the bars that conditions are fitted on, in (0, 1).
        engines: what learns and tests on folds.
        fresh_process: also compare with a process that never saw the future, which takes seconds to start. Needs
            blocks whose classes can be imported, and a script that guards its main part.

    Raises:
        ConfigError: fewer than 10 bars.

    Source: none, ours.

    >>> from quant_core.features.sma import Sma
    >>> bars = Bars.of(close=[float(i % 7) for i in range(60)])
    >>> report = audit_blocks(bars, AuditedBlocks(features=[Sma(window_bars=3)]), n_cuts=5, seed=1)
    >>> report.leaks, report.n_cuts, report.n_columns, report.n_values
    ([], 7, 1, 168)
    """
    if len(bars) < MIN_BARS:
        raise ConfigError.at(
            f"leak audit of {bars.symbol} {bars.timeframe.value}",
            expected=f"at least {MIN_BARS} bars",
            found=len(bars),
            next_step="Audit a longer partition.",
        )
    report = AuditReport(bars.frame["ts_close"][int(len(bars) * train_share) - 1])
    # First of all: what a block remembers from here on has seen the future.
    see_everything(bars, blocks)
    for found in computations(bars, blocks, report.train_end):
        _cut(bars, found, report, n_cuts, seed)
    if blocks.dimensions:
        report.add(price_leaks(bars, blocks.dimensions, seed))
    for splitter in blocks.splitters:
        folds = _folds(bars, splitter)
        report.add(Comparison(embargo_leaks(bars, splitter, folds), len(folds)))
    for engine in engines:
        folds = _drawn(_folds(bars, engine.splitter), seed)
        report.add_engine(engine_leaks(bars, engine, folds, seed))
    if fresh_process:
        after = bars.frame["ts_close"].filter(bars.frame["ts_close"] > report.train_end)
        for cut in random_cuts(after, 1, seed):
            report.add(remembering_leaks(bars, blocks, cut, report.train_end))
    return report


def leaks_at(bars: Bars, blocks: AuditedBlocks, *, cut: datetime, train_end: datetime) -> list[Leak]:
    """Compare blocks at one cut, on as few bars as wanted: shows again what ``audit_blocks`` found by cutting.

    Args:
        bars: the slice that shows the leak.
        blocks: what to audit.
        cut: the bars after this instant (UTC) are taken away.
        train_end: conditions are fitted on the bars complete at this instant (UTC).

    Source: none, ours.

    >>> from quant_core.features.sma import Sma
    >>> bars, blocks = Bars.of(close=[1.0, 2.0, 4.0]), AuditedBlocks(features=[Sma(window_bars=2)])
    >>> leaks_at(bars, blocks, cut=bars.frame["ts_close"][1], train_end=bars.frame["ts_close"][0])
    []
    """
    return [
        leak
        for found in computations(bars, blocks, train_end)
        for leak in find_leaks(found.audit, {"bars": bars.frame}, [cut])
    ]


def _cut(bars: Bars, found: AuditedComputation, report: AuditReport, n_cuts: int, seed: int) -> None:
    """Compare one computation at its cuts."""
    after = bars
    if found.after_training:
        after = bars.with_frame(bars.frame.filter(pl.col("ts_close") > report.train_end))
    cuts = cuts_of(after, n_cuts, seed)
    report.n_cuts += len(cuts)
    report.n_columns += found.n_columns
    report.add(compare_at_cuts(found.audit, {"bars": bars.frame}, cuts))


def _folds(bars: Bars, splitter: Splitter) -> tuple[Fold, ...]:
    """The folds of these bars; none where they are too few, which the report shows by a count of 0."""
    try:
        return splitter.folds(bars.frame["session_date"])
    except ConfigError:
        return ()


def _drawn(folds: Sequence[Fold], seed: int) -> list[Fold]:
    """At most ``MAX_FOLDS`` of the folds, in their order."""
    picked = np.random.default_rng(seed).choice(len(folds), size=min(MAX_FOLDS, len(folds)), replace=False)
    return [folds[i] for i in sorted(picked)]
