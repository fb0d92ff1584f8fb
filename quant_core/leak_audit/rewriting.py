"""Prices rewritten where they must not matter: the contrast for what a cut cannot show.

Put here: rewriting prices outside a stretch, and what must not notice it: calendar bins, and splits of engines.
Keep out: cutting (audit.py) and which engines there are (engines.py).

Taking bars away moves the folds of an engine and shortens what a calendar can be asked about. Rewriting leaves every
time as it is and changes every price, so whatever changes with it has read a price.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.dimensions import Dimension
from quant_core.leak_audit.audit import Comparison, Leak, differences
from quant_core.splitters import Fold, Splitter

REWRITTEN = "changes when prices {where} are rewritten: {{with_future}} with the bars' own, {{without_future}} without"
TOO_CLOSE = "starts the test on {with_future}, {without_future} is the first day after the embargo"
_SHIFT = 0.1
"""How far the walk lies above the bars' own level (log), so that no price stays as it is."""


@dataclass(frozen=True)
class AuditedEngine:
    """An engine that learns and tests on the folds of a splitter.

    Attributes:
        name: of its table.
        splitter: cuts the folds, by the sessions of the bars alone.
        compute: bars → rows, with the columns fold and split (``train``, ``test``).
        probe: the same engine on blocks that look back at no bar, so that a split depends on its own bars alone.
        key: columns that identify a row.
        decided_on_test: columns of training rows that the test decides.
    """

    name: str
    splitter: Splitter
    compute: Callable[[Bars], pl.DataFrame]
    probe: Callable[[Bars], pl.DataFrame]
    key: tuple[str, ...]
    decided_on_test: tuple[str, ...] = ()


def rewritten(bars: Bars, keep: tuple[int, int], seed: int) -> Bars:
    """The same bars with other prices and volumes outside a stretch; times and sessions stay.

    A random walk above the level of the bars that it replaces, of twice their volatility, and volumes in another order
    and half as large: neither levels, nor moves, nor ranges, nor what bins would learn stay the same.

    Args:
        bars: one symbol.
        keep: first position, and one past the last, of the bars that stay as they are; (0, 0) keeps none.
        seed: of the walk.

    >>> bars = Bars.of(close=[10.0, 11.0, 12.0, 11.0])
    >>> other = rewritten(bars, (0, 2), seed=1)
    >>> [(other.frame[name] == bars.frame[name]).to_list() for name in ("ts", "close")]
    [[True, True, True, True], [True, True, False, False]]
    """
    frame, (start, stop) = bars.frame, keep
    parts = [_walk(frame.slice(0, start), seed), frame.slice(start, stop - start)]
    return bars.with_frame(pl.concat([*parts, _walk(frame.slice(stop), seed + 1)]))


def _walk(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Other prices for every row: open, high, low, close and volume."""
    if frame.is_empty():
        return frame
    generator = np.random.default_rng(seed)
    n, close = frame.height, frame["close"].to_numpy()
    level = max(float(np.median(np.abs(close))), 1e-6)
    spread = 2 * float(np.median(np.abs(np.diff(close, prepend=close[0])))) / level
    moves = generator.normal(0, max(spread, 1e-4), (4, n))
    walk = level * np.exp(_SHIFT + np.cumsum(moves[0] - moves[0].mean()))
    opened = np.append(level, walk[:-1]) * np.exp(moves[1] / 4)
    high, low = (
        np.maximum(opened, walk) * np.exp(np.abs(moves[2])),
        np.minimum(opened, walk) * np.exp(-np.abs(moves[3])),
    )
    volume = frame["volume"].sample(fraction=1.0, shuffle=True, seed=seed) / 2
    columns = {"open": opened, "high": high, "low": low, "close": walk, "volume": volume}
    return frame.with_columns([pl.Series(name, values).cast(frame.schema[name]) for name, values in columns.items()])


def price_leaks(bars: Bars, dimensions: Sequence[Dimension], seed: int) -> Comparison:
    """Calendar bins that change with the prices: a bin belongs to a bar before anybody knows what the bar does.

    >>> from quant_core.dimensions.hour import Hour
    >>> price_leaks(Bars.of(close=[1.0, 2.0]), [Hour()], seed=1)
    Comparison(leaks=[], n_values=2)
    """
    others = rewritten(bars, (0, 0), seed)

    def codes(seen: Bars) -> pl.DataFrame:
        return seen.frame.select("ts").with_columns([d.codes(seen).alias(d.canonical) for d in dimensions])

    found, n_values = differences(codes(bars), codes(others), ["ts"])
    contrast = REWRITTEN.format(where="of all bars")
    cut, rows = bars.frame["ts_close"][-1], {"bars": (0, len(bars))}
    leaks = [Leak(column, column, cut, key, left, right, rows, contrast) for column, key, left, right in found]
    return Comparison(leaks, n_values)


def embargo_leaks(bars: Bars, splitter: Splitter, folds: Sequence[Fold]) -> list[Leak]:
    """Folds whose test starts inside the embargo: ``embargo_days`` days after the last day of training, both apart.

    A splitter without that parameter has an embargo of 0 days: the test starts on a later day than the training ends.
    """
    days, closes = bars.frame["session_date"], bars.frame["ts_close"]
    embargo_days = int(getattr(splitter, "embargo_days", 0))
    leaks: list[Leak] = []
    for fold in folds:
        first, last = days[fold.test_start], days[fold.train_stop - 1]
        expected = pl.Series([last]).dt.offset_by(f"{embargo_days + 1}d")[0]
        if first < expected:
            rows = {"bars": (fold.train_start, fold.test_stop)}
            cut = closes[fold.train_stop - 1]
            leaks.append(Leak(splitter.canonical, "embargo", cut, (fold.index,), first, expected, rows, TOO_CLOSE))
    return leaks


def engine_leaks(bars: Bars, engine: AuditedEngine, folds: Sequence[Fold], seed: int) -> Comparison:
    """Rows of an engine that depend on what lies outside their split; the first column of each split that shows it.

    Rows of a split are the same when all prices after it are rewritten: nothing is learned on the test, no outcome
    reaches past its end. Rows of the probe are the same when all prices outside are: no bar of the embargo, of the
    training or of the test is counted where it does not belong.

    Args:
        bars: one symbol at one timeframe.
        engine: what is audited.
        folds: those of ``engine.splitter`` on these bars that are looked at.
        seed: of the rewritten prices.
    """
    # What looks back may read the bars before its split; an engine that is its own probe does not.
    runs = [(False, "blocks that look back at nothing", engine.probe, engine.probe(bars))]
    if engine.probe is not engine.compute:
        runs.insert(0, (True, "all blocks", engine.compute, engine.compute(bars)))
    leaks: list[Leak] = []
    n_values = 0
    for fold in folds:
        spans = {"train": (fold.train_start, fold.train_stop), "test": (fold.test_start, fold.test_stop)}
        for (split, (start, stop)), (looks_back, blocks, run, own) in product(spans.items(), runs):
            keep = (0 if looks_back else start, stop)
            if keep == (0, len(bars)):
                continue  # nothing lies outside
            mine = (pl.col("fold") == fold.index) & (pl.col("split") == split)
            apart = engine.decided_on_test if split == "train" else ()
            changed = run(rewritten(bars, keep, seed))
            found, n = differences(own.filter(mine), changed.filter(mine), engine.key, apart)
            n_values += n
            where = "after this split" if looks_back else "outside this split"
            contrast = REWRITTEN.format(where=where) + f" ({engine.name} with {blocks})"
            place, cut = {"bars": (start, stop)}, bars.frame["ts_close"][stop - 1]
            # One column is enough: what reaches a cell shows in most of its columns.
            leaks += [Leak(engine.name, c, cut, key, a, b, place, contrast) for c, key, a, b in found[:1]]
    return Comparison(leaks, n_values)
