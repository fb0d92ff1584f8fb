"""Blocks that remember: the same computation here, after it has seen all bars, and in a process that has not.

Put here: the contrast with a fresh process.
Keep out: cutting (audit.py) and what is audited (computations.py).

A block that keeps what it once computed or fitted gives equal results with and without the future, because it gives
the remembered one both times: no cut shows it. A process that has never seen a later bar has nothing to remember.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime

import polars as pl

from quant_core.bars import Bars
from quant_core.leak_audit.audit import Comparison, Leak, differences
from quant_core.leak_audit.computations import AuditedBlocks, computations

REMEMBERED = (
    "is {with_future} where bars after {cut} were seen before, {without_future} in a process that never saw them: it "
    "remembers"
)


def see_everything(bars: Bars, blocks: AuditedBlocks) -> None:
    """Give every block all bars to compute on, and every condition all bars to learn from."""
    for found in computations(bars, blocks, bars.frame["ts_close"][-1]):
        found.audit.compute({"bars": bars.frame})
    for condition in blocks.conditions:
        condition.fit(bars).labels(bars)


def results_at(bars: Bars, blocks: AuditedBlocks, train_end: datetime) -> list[pl.DataFrame]:
    """The results of all computations on some bars, in their order."""
    return [found.audit.compute({"bars": bars.frame}) for found in computations(bars, blocks, train_end)]


def remembering_leaks(bars: Bars, blocks: AuditedBlocks, cut: datetime, train_end: datetime) -> Comparison:
    """Columns that differ between this process, which sees all bars first, and a fresh one that sees those at the cut.

    Blocks travel by name, so their classes must be importable. A block that remembers only what others cannot ask for,
    such as the bars it was given, gives equal results and is no leak.

    Args:
        bars: one symbol at one timeframe.
        blocks: what is audited.
        cut: bars after this instant (UTC) are unknown.
        train_end: conditions are fitted on the bars complete at this instant (UTC), at or before the cut.
    """
    known = bars.known_at(cut)
    # A lone calendar travels by its id and would know every closure; the computation itself asks what was known.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        fresh = pool.submit(results_at, known, blocks, train_end)
        see_everything(bars, blocks)
        here = results_at(known, blocks, train_end)
        there = fresh.result()
    leaks: list[Leak] = []
    n_values = 0
    for found, left, right in zip(computations(bars, blocks, train_end), here, there, strict=True):
        audit = found.audit
        differing, n = differences(left, right, audit.key, (audit.decided_at,))
        n_values += n
        rows = {"bars": (0, len(bars))}
        for column, key, seen, unseen in differing:
            leaks.append(Leak(audit.block or column, column, cut, key, seen, unseen, rows, REMEMBERED))
    return Comparison(leaks, n_values)
