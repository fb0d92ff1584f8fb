"""Event × condition × target statistics over walk-forward folds: the engine behind the table ``market_stats``.

Put here: the walk over folds and splits.
Keep out: counting (``_count.py``), estimates (``_estimate.py``), verdicts (``_verdict.py``), the blocks themselves.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.compute import Compute
from quant_core.counting.values import Slots
from quant_core.market_stats._count import TargetCounts, count_ties
from quant_core.market_stats._count_bits import count_binary_targets
from quant_core.market_stats._count_values import count_value_target
from quant_core.market_stats._estimate import Place, estimate_cells
from quant_core.market_stats._hypotheses import fingerprints
from quant_core.market_stats._panel import Panel
from quant_core.market_stats._trades import TradedCells, count_trades
from quant_core.market_stats._verdict import judge, mark_replicated
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.splitters import Fold
from quant_core.tables import TABLES

__all__ = ["compute_market_stats"]

POOLED_FOLD = -1


def compute_market_stats(bars: Bars, spec: MarketStatsSpec, compute: Compute | None = None) -> pl.DataFrame:
    """The table ``market_stats`` of one symbol at one timeframe.

    One row per (fold, split, event, condition, condition_value, target), empty cells included; condition ``all``
    is the event without a condition. Conditions are fitted on the fold's training bars and frozen. An outcome counts
    only if its window t + 1 … t + horizon ends inside the split, which purges training rows that reach the embargo or
    the test.
    The fold ``-1`` pools the test splits of all folds, each bar with the bins its own fold learned before it.
    ``compute`` limits threads and working memory; the table is the same for any limits.

    Look-ahead: none: rows of a train split depend on its bars (and earlier ones, for warm-up) alone.
    Missing: an event's or condition's null is no event, no state; outcomes that are null are not counted.

    Raises:
        ConfigError: the bars are too short for the spec's folds.
        DataContractError: a block breaks its contract.
    """
    here = spec.at(bars.timeframe)
    if not (here.events and here.targets):
        return TABLES["market_stats"].empty()
    limits = compute or Compute()
    with limits.limit():
        result = _all_rows(Panel.of(bars, here, limits))
    return TABLES["market_stats"].validate(result, where=f"{bars.symbol} {bars.timeframe}")


def _all_rows(panel: Panel) -> pl.DataFrame:
    """The rows of every fold and split, and of the pooled test splits."""
    frames: list[pl.DataFrame] = []
    tests: list[list[TargetCounts]] = []
    folds = panel.spec.splitter.folds(panel.bars.frame["session_date"])
    for fold in folds:
        by_split = _count_fold(panel, fold)
        tests.append(by_split["test"])
        for split, counts in by_split.items():
            frames.append(_rows(panel, fold.index, split, counts, _range(fold, split)))
    pooled = [reduce(add, parts) for parts in zip(*tests, strict=True)]
    frames.append(_rows(panel, POOLED_FOLD, "oos_pooled", pooled, (folds[0].test_start, folds[-1].test_stop)))
    table = TABLES["market_stats"]
    return table.arranged(mark_replicated(pl.concat(frames))).sort(table.order)


def _range(fold: Fold, split: str) -> tuple[int, int]:
    """First and past-the-last bar of a split."""
    return (fold.train_start, fold.train_stop) if split == "train" else (fold.test_start, fold.test_stop)


def _count_fold(panel: Panel, fold: Fold) -> dict[str, list[TargetCounts]]:
    """Fit the conditions on the fold's training bars, then count both splits with them."""
    codes = panel.codes((fold.train_start, fold.train_stop), fold.test_stop).astype(np.int32)
    counted: dict[str, list[TargetCounts]] = {}
    for split in ("train", "test"):
        start, stop = _range(fold, split)
        counted[split] = _count_split(panel, np.ascontiguousarray(codes[:, start:stop]), start, stop)
    return counted


def _count_split(panel: Panel, codes: Slots, start: int, stop: int) -> list[TargetCounts]:
    """Binary targets on packed masks, all others one by one in loops over their events; in the order of the spec."""
    events, targets = panel.events[:, start:stop], panel.spec.targets
    outcomes = [panel.outcome(target, start, stop) for target in targets]
    binary = [i for i, target in enumerate(targets) if target.kind == "binary"]
    counted = dict(
        zip(
            binary,
            count_binary_targets(
                [targets[i] for i in binary], events, codes, [outcomes[i] for i in binary], panel.n_slots
            ),
            strict=True,
        )
    )
    for i, target in enumerate(targets):
        if i not in counted:
            counted[i] = count_value_target(target, events, codes, outcomes[i], panel.n_slots)
    cells = TradedCells(events, codes, panel.n_slots)
    prints = fingerprints(targets, outcomes, events, codes, panel.n_slots, start)
    for i, target in enumerate(targets):
        trades = count_trades(panel, target, outcomes[i], cells, start)
        tied = outcomes[i].tied
        ties = None if tied is None else count_ties(events, codes, tied, panel.n_slots)
        counted[i] = replace(counted[i], trades=trades, prints=prints[i], ties=ties)
    return [counted[i] for i in range(len(targets))]


def _rows(panel: Panel, fold: int, split: str, counts: list[TargetCounts], span: tuple[int, int]) -> pl.DataFrame:
    """Estimates and verdicts of all cells of one split."""
    frame = panel.bars.frame
    place = Place(
        symbol=panel.bars.symbol,
        timeframe=panel.bars.timeframe.value,
        fold=fold,
        split=split,
        split_start=frame["ts"][span[0]],
        split_end=frame["ts_close"][span[1] - 1],
    )
    cells = pl.concat([estimate_cells(place, panel, c) for c in counts], how="diagonal")
    missing = [c for c in TABLES["market_stats"].columns if c.name not in cells.columns]
    cells = cells.with_columns([pl.lit(None, dtype=c.dtype).alias(c.name) for c in missing])
    return TABLES["market_stats"].arranged(judge(cells, panel.spec))
