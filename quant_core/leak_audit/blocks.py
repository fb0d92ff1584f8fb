"""The leak audit of blocks: features, events, fitted conditions, higher-timeframe bars, joins and folds of one symbol.

Put here: how each family is turned into a computation that leak_audit.py can cut and compare.
Keep out: cutting and comparing (leak_audit.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from quant_core.bars import Bars
from quant_core.bars.higher_timeframe import higher_bars, join_higher
from quant_core.conditions import Condition
from quant_core.errors import ConfigError
from quant_core.events import Event
from quant_core.features import Feature
from quant_core.leak_audit.audit import Inputs, Leak, LeakAudit, compare_at_cuts, find_leaks, random_cuts
from quant_core.splitters import Splitter
from quant_core.timeframes import Timeframe

MIN_BARS = 10
"""Fewer bars leave too little on both sides of a cut."""

_JOINED = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class AuditedBlocks:
    """What is audited together on one symbol's bars; a higher timeframe means its bars and the join to them."""

    features: Sequence[Feature] = ()
    events: Sequence[Event] = ()
    conditions: Sequence[Condition] = ()
    higher_timeframes: Sequence[Timeframe] = ()
    splitters: Sequence[Splitter] = ()


@dataclass(frozen=True)
class AuditReport:
    """Leaks found, and how hard was looked.

    Attributes:
        n_cuts: cuts made in all audits together.
        n_columns: columns compared.
        n_values: values compared: rows decided by each cut times columns, summed over the cuts.
        train_end: close (UTC) of the last bar that conditions were fitted on.
    """

    leaks: list[Leak]
    n_cuts: int
    n_columns: int
    n_values: int
    train_end: datetime


def audit_blocks(bars: Bars, blocks: AuditedBlocks, *, n_cuts: int, seed: int, train_share: float = 0.5) -> AuditReport:
    """Recompute blocks on bars cut at random times and report every value that changes.

    Conditions are fitted once per recomputation on the bars of the first ``train_share`` of the time and compared on
    the bars after it: inside the training bars a learned bin may use all of them. Folds are compared where they are
    complete at the cut. Higher-timeframe bars are compared where they are closed, joined ones at every bar.

    Args:
        bars: one symbol at one timeframe, at least 10 bars.
        blocks: what to audit.
        n_cuts: cuts per audit.
        seed: of the cuts; equal seeds give equal cuts.
        train_share: fraction of the bars that conditions are fitted on, in (0, 1).

    Raises:
        ConfigError: fewer than 10 bars.

    Source: none, ours.

    >>> from quant_core.features.sma import Sma
    >>> bars = Bars.of(close=[float(i % 7) for i in range(60)])
    >>> report = audit_blocks(bars, AuditedBlocks(features=[Sma(window_bars=3)]), n_cuts=5, seed=1)
    >>> report.leaks, report.n_cuts, report.n_columns, report.n_values
    ([], 5, 1, 159)
    """
    if len(bars) < MIN_BARS:
        raise ConfigError.at(
            f"leak audit of {bars.symbol} {bars.timeframe.value}",
            expected=f"at least {MIN_BARS} bars",
            found=len(bars),
            next_step="Audit a longer partition.",
        )
    train_end = bars.frame["ts_close"][int(len(bars) * train_share) - 1]
    audits = _audits(bars, blocks, train_end)
    leaks: list[Leak] = []
    total = n_values = 0
    for audit, instants, _ in audits:
        cuts = random_cuts(instants, n_cuts, seed)
        compared = compare_at_cuts(audit, {"bars": bars.frame}, cuts)
        total += len(cuts)
        n_values += compared.n_values
        leaks += compared.leaks
    return AuditReport(leaks, total, sum(n for _, _, n in audits), n_values, train_end)


def leaks_at(bars: Bars, blocks: AuditedBlocks, *, cut: datetime, train_end: datetime) -> list[Leak]:
    """Compare blocks at one cut, on as few bars as wanted: shows again what ``audit_blocks`` found.

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
        for audit, _, _ in _audits(bars, blocks, train_end)
        for leak in find_leaks(audit, {"bars": bars.frame}, [cut])
    ]


def _audits(bars: Bars, blocks: AuditedBlocks, train_end: datetime) -> list[tuple[LeakAudit, pl.Series, int]]:
    """Each computation with the instants it may be cut at and the number of its columns."""
    known = bars.frame["ts_close"]
    audits: list[tuple[LeakAudit, pl.Series, int]] = []
    if blocks.features or blocks.events:
        audits.append((_causal(bars, blocks), known, len(blocks.features) + len(blocks.events)))
    if blocks.conditions:
        audits.append((_fitted(bars, blocks, train_end), known.filter(known > train_end), len(blocks.conditions)))
    for timeframe in blocks.higher_timeframes:
        audits += [(_higher(bars, timeframe), known, 6), (_joined(bars, timeframe), known, len(_JOINED))]
    return audits + [(_folds(splitter), known, 4) for splitter in blocks.splitters]


def _decisions(frame: pl.DataFrame, columns: dict[str, pl.Series]) -> pl.DataFrame:
    """One row per bar with the audited columns."""
    return frame.select("ts", "ts_close").with_columns([s.alias(name) for name, s in columns.items()])


def _seen(bars: Bars, inputs: Inputs) -> Bars:
    """The bars known at a cut, with the calendar as it was known on their last date: closures of later days are not."""
    frame = inputs["bars"]
    last = frame["session_date"].max()
    if not isinstance(last, date):
        return bars.with_frame(frame)
    return replace(bars, frame=frame, calendar=bars.calendar.foreseen_after(last))


def _causal(bars: Bars, blocks: AuditedBlocks) -> LeakAudit:
    """Features and events side by side."""

    def compute(inputs: Inputs) -> pl.DataFrame:
        cut = _seen(bars, inputs)
        columns = {f.canonical: f.compute(cut) for f in blocks.features}
        columns |= {e.canonical: e.mask(cut) for e in blocks.events}
        return _decisions(cut.frame, columns)

    return LeakAudit(compute)


def _fitted(bars: Bars, blocks: AuditedBlocks, train_end: datetime) -> LeakAudit:
    """Labels after the training bars, of conditions fitted on the training bars."""

    def compute(inputs: Inputs) -> pl.DataFrame:
        cut = _seen(bars, inputs)
        train = cut.known_at(train_end)
        columns = {c.canonical: c.fit(train).labels(cut) for c in blocks.conditions}
        return _decisions(cut.frame, columns).filter(pl.col("ts_close") > train_end)

    return LeakAudit(compute)


def _higher(bars: Bars, timeframe: Timeframe) -> LeakAudit:
    """Bars of a coarser timeframe, at their close."""

    def compute(inputs: Inputs) -> pl.DataFrame:
        return higher_bars(_seen(bars, inputs), timeframe).frame

    return LeakAudit(compute, block=f"bars resampled to {timeframe.value}")


def _joined(bars: Bars, timeframe: Timeframe) -> LeakAudit:
    """At every bar, the last complete bar of a coarser timeframe."""

    def compute(inputs: Inputs) -> pl.DataFrame:
        cut = _seen(bars, inputs)
        return join_higher(cut, higher_bars(cut, timeframe).frame, _JOINED)

    return LeakAudit(compute, block=f"join to bars of {timeframe.value}")


def _folds(splitter: Splitter) -> LeakAudit:
    """Fold bounds as dates; a fold is decided when its last test bar closes and a later bar proves it complete."""

    def compute(inputs: Inputs) -> pl.DataFrame:
        frame = inputs["bars"]
        dates, closes = frame["session_date"], frame["ts_close"]
        try:
            folds = splitter.folds(dates)
        except ConfigError:
            # Too few bars for a fold: no row, which the comparison tolerates because nothing was decided yet.
            folds = ()
        rows = [
            {
                "ts": fold.index,
                "ts_close": closes[fold.test_stop],
                "train_start": dates[fold.train_start],
                "train_stop": dates[fold.train_stop - 1],
                "test_start": dates[fold.test_start],
                "test_stop": dates[fold.test_stop - 1],
            }
            for fold in folds
            if fold.test_stop < len(frame)
        ]
        schema = {"ts": pl.Int64, "ts_close": closes.dtype} | dict.fromkeys(
            ("train_start", "train_stop", "test_start", "test_stop"), pl.Date
        )
        return pl.DataFrame(rows, schema=schema)

    return LeakAudit(compute, block=splitter.canonical)
