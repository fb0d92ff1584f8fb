"""The event bars behind one cell of ``market_stats``, so that every number can be opened.

Put here: finding the bars of a named cell, with the bins and the purge that its row was computed with.
Keep out: counting and estimates (the other files of this folder).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.block import Block
from quant_core.catalog import Catalog
from quant_core.conditions import CONDITIONS
from quant_core.errors import ConfigError, UnknownNameError
from quant_core.events import EVENTS
from quant_core.grammar import parse_block
from quant_core.market_stats import POOLED_FOLD
from quant_core.market_stats._panel import ALL, Panel
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.splitters import Fold
from quant_core.tables import TABLES
from quant_core.targets import TARGETS

B = TypeVar("B", bound=Block)
Split = Literal["train", "test", "oos_pooled"]
SPLITS: tuple[Split, ...] = ("train", "test", "oos_pooled")


@dataclass(frozen=True)
class CellName:
    """Which cell: its key in ``market_stats`` without symbol and timeframe.

    Attributes:
        event, target: ids; parameters that are left out keep their defaults.
        condition, condition_value: id and state; ``all`` for the event without a condition.
        fold: −1 for the folds' tests pooled.
        split: ``oos_pooled`` for fold −1, else ``train`` or ``test``.
    """

    event: str
    target: str
    condition: str = ALL
    condition_value: str = ALL
    fold: int = POOLED_FOLD
    split: Split = "oos_pooled"

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UnknownNameError.among("split", str(self.split), SPLITS)
        if (self.fold == POOLED_FOLD) != (self.split == "oos_pooled"):
            raise ConfigError(
                f"Fold {self.fold} has no split {self.split!r}: expected oos_pooled with fold {POOLED_FOLD}, train or "
                "test with the folds from 0 on. Change one of the two."
            )


def cell_details(bars: Bars, spec: MarketStatsSpec, cell: CellName) -> pl.DataFrame:
    """The table ``stats_details`` of one cell: its event bars in time order, with their outcomes.

    Conditions are fitted, outcomes purged and durations cut exactly as in ``compute_market_stats``, so the rows number
    the cell's n and their values add up to its successes, or average to its mean.

    Look-ahead: that of the table it opens.
    Missing: bars without an observable outcome are left out; a cell with n = 0 has no row.

    Raises:
        UnknownNameError: the spec has no such event, condition, value, target or fold at this timeframe.
        ConfigError: fold and split do not fit together, or the bars are too short for the spec's folds.
    """
    here = spec.at(bars.timeframe)
    event = _listed(EVENTS, here.events, cell.event)
    target = _listed(TARGETS, here.targets, cell.target)
    conditions = () if cell.condition == ALL else (_listed(CONDITIONS, here.conditions, cell.condition),)
    values = conditions[0].values if conditions else (ALL,)
    if cell.condition_value not in values:
        raise UnknownNameError.among(f"value of {cell.condition}", cell.condition_value, values)
    only = replace(here, events=(event,), targets=(target,), conditions=conditions, cost=None)
    panel = Panel.of(bars, only)
    parts = [_bars_of_fold(panel, fold, cell) for fold in _folds(here.splitter.folds(bars.frame["session_date"]), cell)]
    labels = {
        "symbol": bars.symbol,
        "timeframe": bars.timeframe.value,
        "fold": cell.fold,
        "split": cell.split,
        "event": event.canonical,
        "condition": conditions[0].canonical if conditions else ALL,
        "condition_value": cell.condition_value,
        "target": target.canonical,
        "target_kind": target.kind,
    }
    table = TABLES["stats_details"]
    constants = [pl.lit(v, dtype=table.schema[k]).alias(k) for k, v in labels.items()]
    details = table.arranged(pl.concat(parts).with_columns(constants)).sort("ts")
    return table.validate(details, where=f"{bars.symbol} {bars.timeframe}")


def _listed(catalog: Catalog[B], blocks: Iterable[B], text: str) -> B:
    """The block of the spec that a text names."""
    known = {block.canonical: block for block in blocks}
    name = text if text in known else parse_block(catalog, text).canonical
    if name not in known:
        raise UnknownNameError.among(f"{catalog.family} of this spec and timeframe", name, known)
    return known[name]


def _folds(folds: tuple[Fold, ...], cell: CellName) -> list[Fold]:
    """The folds a cell is made of."""
    if cell.fold == POOLED_FOLD:
        return list(folds)
    chosen = [fold for fold in folds if fold.index == cell.fold]
    if not chosen:
        raise UnknownNameError.among("fold", str(cell.fold), [str(fold.index) for fold in folds])
    return chosen


def _bars_of_fold(panel: Panel, fold: Fold, cell: CellName) -> pl.DataFrame:
    """The cell's bars in the train or test split of one fold."""
    train = (fold.train_start, fold.train_stop)
    start, stop = train if cell.split == "train" else (fold.test_start, fold.test_stop)
    # One condition at most: its states follow slot 0, which is (all, all).
    slot = [value for _, value in panel.slots].index(cell.condition_value, 1 if panel.spec.conditions else 0)
    state = panel.codes(train, fold.test_stop)[panel.slot_rows[slot], start:stop]
    outcome = panel.outcome(panel.spec.targets[0], start, stop)
    at = np.flatnonzero(panel.events[0, start:stop] & outcome.valid & (state == slot))
    return panel.bars.frame.select("ts", "ts_close")[start + at].with_columns(
        pl.Series("value", outcome.value[at].astype(np.float64)),
        pl.Series("observed", outcome.observed[at]),
        pl.lit(fold.index, dtype=pl.Int64).alias("bar_fold"),
    )
