"""What is audited, as computations that audit.py can cut: features, events, conditions, coarser bars, targets, seasons.

Put here: how each family is turned into a computation, and from when each of its values counts as known.
Keep out: cutting and comparing (audit.py), walking over cuts (blocks.py), engines (engines.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from quant_core.bars import Bars
from quant_core.bars.higher_timeframe import higher_bars, join_higher
from quant_core.conditions import Condition
from quant_core.dimensions import Dimension
from quant_core.errors import ConfigError
from quant_core.events import Event
from quant_core.features import Feature
from quant_core.leak_audit.audit import Inputs, LeakAudit
from quant_core.profile_metrics import ProfileMetric
from quant_core.splitters import Splitter
from quant_core.targets import Target
from quant_core.timeframes import Timeframe

_JOINED = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class AuditedBlocks:
    """What is audited together on one symbol's bars; a higher timeframe means its bars and the join to them."""

    features: Sequence[Feature] = ()
    events: Sequence[Event] = ()
    conditions: Sequence[Condition] = ()
    higher_timeframes: Sequence[Timeframe] = ()
    splitters: Sequence[Splitter] = ()
    targets: Sequence[Target] = ()
    dimensions: Sequence[Dimension] = ()
    metrics: Sequence[ProfileMetric] = ()


@dataclass(frozen=True)
class AuditedComputation:
    """A computation, the number of its columns, and whether only values after the training bars are compared."""

    audit: LeakAudit
    n_columns: int
    after_training: bool = False


def computations(bars: Bars, blocks: AuditedBlocks, train_end: datetime) -> list[AuditedComputation]:
    """Every block of ``blocks`` in one computation of its family.

    Args:
        bars: one symbol at one timeframe; computations are given other rows of it.
        blocks: what to audit.
        train_end: conditions are fitted on the bars complete at this instant (UTC).
    """
    found: list[AuditedComputation] = []
    if blocks.features or blocks.events:
        found.append(AuditedComputation(_causal(bars, blocks), len(blocks.features) + len(blocks.events)))
    if blocks.dimensions:
        # Apart from the features: ids of both families may be equal.
        found.append(AuditedComputation(_bins(bars, blocks.dimensions), len(blocks.dimensions)))
    if blocks.conditions:
        fitted = _fitted(bars, blocks, train_end)
        found.append(AuditedComputation(fitted, len(blocks.conditions), after_training=True))
    for timeframe in blocks.higher_timeframes:
        found.append(AuditedComputation(_higher(bars, timeframe), 6))
        found.append(AuditedComputation(_joined(bars, timeframe), len(_JOINED)))
    found += [AuditedComputation(_folds(splitter), 4) for splitter in blocks.splitters]
    found += [AuditedComputation(_outcomes(bars, target), len(_OUTCOME)) for target in blocks.targets]
    for reading in ("own", "next"):
        of_bars = {m.bar_value.canonical: m for m in blocks.metrics if m.reading == reading}
        if of_bars:
            audit = _values(bars, list(of_bars.values()), waits=reading == "next")
            found.append(AuditedComputation(audit, len(of_bars)))
    return found


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


def _bins(bars: Bars, dimensions: Sequence[Dimension]) -> LeakAudit:
    """Calendar bins side by side."""

    def compute(inputs: Inputs) -> pl.DataFrame:
        cut = _seen(bars, inputs)
        return _decisions(cut.frame, {d.canonical: d.codes(cut) for d in dimensions})

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


_OUTCOME = ("value", "observed", "tied", "payoff", "payoff_against", "payoff_at_open", "payoff_against_at_open")


def _outcomes(bars: Bars, target: Target) -> LeakAudit:
    """Outcomes and payoffs, each known when its last bar closes: ``horizon`` bars after the decision."""

    def compute(inputs: Inputs) -> pl.DataFrame:
        cut = _seen(bars, inputs)
        outcome, trade = target.outcome(cut), target.trade(cut)
        columns = [s for frame in (outcome, trade) if frame is not None for s in frame.get_columns()]
        rows = cut.frame.select("ts", known_at=pl.col("ts_close").shift(-target.horizon))
        return rows.with_columns(columns).drop_nulls("known_at")

    return LeakAudit(compute, decided_at="known_at", known_at="ts_close", block=target.canonical)


def _values(bars: Bars, metrics: Sequence[ProfileMetric], *, waits: bool) -> LeakAudit:
    """What metrics summarize, per bar: what bars did themselves at their close, what came after from when it shows."""

    def compute(inputs: Inputs) -> pl.DataFrame:
        cut = _seen(bars, inputs)
        return _decisions(cut.frame, {m.bar_value.canonical: m.bar_value.compute(cut) for m in metrics})

    return LeakAudit(compute, waits=waits)


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
