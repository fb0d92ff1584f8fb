"""Cleaning: raw rows of one symbol at one timeframe → bars, quarantine and a report.

Put here: the order of the phases and the bookkeeping of rows.
Keep out: the rules themselves (checks/).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from quant_core.bars import Bars
from quant_core.calendars import Calendar, calendar_of
from quant_core.errors import DataContractError
from quant_core.quality.checks import QUALITY_CHECKS
from quant_core.quality.checks.contract import CheckedRows, Finding, QualityCheck, Severity
from quant_core.quality.report import QualityReport
from quant_core.quality.rules import QualityRules
from quant_core.quality.unreadable_rows import unreadable_lines, withdrawn_line
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe

FIRST_TS, LAST_TS = datetime(1801, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cleaned:
    """The outcome of ``clean``: bars (table ``bars``), quarantine (table ``quarantine``) and the report."""

    bars: Bars
    quarantine: pl.DataFrame
    report: QualityReport


@dataclass
class _Ledger:
    """Rows removed so far and the lines of the report."""

    n_in: int
    quarantined: list[pl.DataFrame]
    n_dropped: int
    lines: list[dict[str, object]]

    def note(
        self, name: str, severity: Severity, frame: pl.DataFrame, found: Finding, explanation: str, n: int
    ) -> None:
        """Write the report lines of a check and its parts."""
        masks = {name: found.mask, **{f"{name}.{part}": mask for part, mask in found.parts.items()}}
        for label, mask in masks.items():
            hits = frame.filter(mask)
            count = found.n_rows if found.n_rows is not None and label == name else hits.height
            n_of = found.n_of if found.n_of is not None and label == name else self.n_in
            shown = found.example if found.example is not None and label == name else _example(hits, n)
            self.lines.append(
                {
                    "check": label,
                    "severity": severity,
                    "n_rows": count,
                    "share": count / n_of if n_of else None,
                    "first_ts": hits["ts"].min(),
                    "last_ts": hits["ts"].max(),
                    "example": shown if count else "",
                    "explanation": explanation,
                }
            )


def clean(
    rows: pl.DataFrame,
    *,
    symbol: str,
    timeframe: Timeframe,
    calendar: Calendar,
    now: datetime,
    rules: QualityRules,
    unreadable: pl.DataFrame | None = None,
    n_withdrawn: int = 0,
) -> Cleaned:
    """Clean the raw rows of one symbol at one timeframe.

    Phases: rows are judged alone (a row gets the first reason by priority, every check counts all rows it finds);
    then repeated times among what is left; the rest is sorted by time and flagged as a series. Flagged rows are kept.

    Args:
        rows: table ``raw_rows``; one symbol and timeframe, in source order.
        symbol: their symbol.
        timeframe: their timeframe.
        calendar: gives closes, session dates and the bars that should exist.
        rules: declared values of the checks.
        now: the moment of the snapshot, UTC; later bars are from the future.
        unreadable: table ``quarantine``: rows of the same source that reading refused; they are counted as rows in,
            with a line of the report per reason, and go on into the quarantine.
        n_withdrawn: rows among ``rows`` that the newest delivery of their range leaves out; flagged and kept.

    Look-ahead: none; every decision about a row uses that row, rows of the same time and ``now``.
    Missing: a missing price sends the row to quarantine; a missing volume stays missing.

    Raises:
        DataContractError: rows of another symbol or timeframe, or rows that got lost.

    Source: none, ours.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> done = clean(example_rows(high=[2.0, 0.5, 1.0])[[0, 1, 2, 2]], symbol="X", timeframe=Timeframe.H1,
    ...     calendar=calendar_of("always_open"), now=datetime(2025, 1, 1, tzinfo=UTC), rules=QualityRules())
    >>> report = done.report
    >>> report.n_rows_in, report.n_kept, report.n_dropped, report.n_quarantined, done.quarantine["reason"].to_list()
    (4, 2, 1, 1, ['ohlc_order'])
    """
    _check_owner(rows, symbol, timeframe)
    refused = TABLES["quarantine"].empty() if unreadable is None else unreadable
    n_in = rows.height + refused.height
    ledger = _Ledger(n_in, [], 0, unreadable_lines(refused, n_in, rules.n_examples))
    if n_withdrawn:
        ledger.lines.append(withdrawn_line(n_withdrawn, n_in))
    in_range = pl.col("ts").is_between(pl.lit(FIRST_TS), pl.lit(LAST_TS), closed="left")
    outside = rows.select((~in_range).fill_null(value=True)).to_series()
    explanation = "The time lies outside the years 1801 to 2098. The row goes to quarantine."
    ledger.note("implausible_ts", "quarantined", rows, Finding(outside), explanation, rules.n_examples)
    ledger.quarantined.append(rows.filter(outside).with_columns(reason=pl.lit("implausible_ts")))
    frame = rows.filter(~outside).with_columns(pl.col("volume").cast(pl.Float64))
    times = frame["ts"]
    frame = frame.with_columns(calendar.bar_close(times, timeframe), calendar.session_date(times))
    for phase in ("source", "row", "set"):
        frame = _apply(phase, CheckedRows(frame, symbol, timeframe, calendar, now, rules), ledger)
    usable = pl.col("volume").is_finite() & (pl.col("volume") >= 0)
    frame = frame.with_columns(volume=pl.when(usable).then(pl.col("volume"))).sort("ts", maintain_order=True)
    _apply("series", CheckedRows(frame, symbol, timeframe, calendar, now, rules), ledger)
    table = TABLES["bars"]
    bars = Bars(
        table.validate(frame.select(list(table.schema)), where=f"{symbol} {timeframe.value}"),
        symbol,
        timeframe,
        calendar,
    )
    bad = _quarantine(ledger.quarantined)
    quality = TABLES["quality"]
    lines = quality.arranged(pl.DataFrame(ledger.lines, schema=quality.schema)).sort("check")
    report = QualityReport(lines, n_in, len(bars), ledger.n_dropped, bad.height, refused.height)
    return Cleaned(bars, pl.concat([refused, bad]), report)


def checked(
    rows: pl.DataFrame,
    *,
    timeframe: Timeframe = Timeframe.H1,
    calendar: str = "always_open",
    now: datetime = datetime(2100, 1, 1, tzinfo=UTC),
    rules: QualityRules | None = None,
) -> CheckedRows:
    """Raw rows as a check sees them; for trying a single check.

    >>> from quant_core.quality.checks.contract import example_rows
    >>> checked(example_rows(close=[1.0])).frame["ts_close"].dt.hour().to_list()
    [1]
    """
    days = calendar_of(calendar)
    frame = rows.with_columns(days.bar_close(rows["ts"], timeframe), days.session_date(rows["ts"]))
    return CheckedRows(frame, "X", timeframe, days, now, rules or QualityRules())


def _check_owner(rows: pl.DataFrame, symbol: str, timeframe: Timeframe) -> None:
    """Refuse rows of another symbol or timeframe."""
    strange = rows.filter((pl.col("symbol") != symbol) | (pl.col("timeframe") != timeframe.value))
    if strange.height:
        found = strange.select("symbol", "timeframe").row(0)
        raise DataContractError(
            f"Cleaning {symbol} {timeframe.value}: expected its own rows only, found {found} in row "
            f"{strange['origin_row'][0]} of {strange['origin'][0]}. Filter by symbol and timeframe first."
        )


def _apply(phase: str, rows: CheckedRows, ledger: _Ledger) -> pl.DataFrame:
    """Run the checks of a phase, remove what they remove, return the rest."""
    checks: list[QualityCheck] = [QUALITY_CHECKS[name]() for name in QUALITY_CHECKS]
    checks = sorted((c for c in checks if c.phase == phase), key=lambda c: (c.priority, c.name))
    removed = pl.Series("removed", [None], dtype=pl.String).new_from_index(0, rows.frame.height)
    for check in checks:
        found, severity = check.find(rows), check.severity(rows.rules)
        ledger.note(check.name, severity, rows.frame, found, check.explanation, rows.rules.n_examples)
        if severity != "flagged":
            verdict = f"{severity}:{check.name}"
            removed = pl.select(
                pl.when(removed.is_null() & found.mask).then(pl.lit(verdict)).otherwise(removed)
            ).to_series()
    if removed.null_count() == rows.frame.height:
        return rows.frame
    frame = rows.frame.with_columns(removed.alias("removed"))
    quarantined = frame.filter(pl.col("removed").str.starts_with("quarantined:"))
    ledger.quarantined.append(quarantined.with_columns(reason=pl.col("removed").str.strip_prefix("quarantined:")))
    ledger.n_dropped += int(frame["removed"].str.starts_with("dropped:").sum())
    return frame.filter(pl.col("removed").is_null()).drop("removed")


def _quarantine(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Refused rows as the table ``quarantine``; a row without text shows its typed values."""
    table = TABLES["quarantine"]
    typed = pl.struct("ts", "open", "high", "low", "close", "volume").struct.json_encode()
    frames = [
        p.with_columns(raw_text=pl.coalesce("raw_text", typed)).select(list(table.schema)) for p in parts if p.height
    ]
    return pl.concat(frames).sort("origin", "origin_row") if frames else table.empty()


def _example(hits: pl.DataFrame, n: int) -> str:
    """The first rows found, as text."""
    columns = ("origin_row", "ts", "open", "high", "low", "close", "volume")
    return "; ".join(
        f"row {r} {ts:%Y-%m-%d %H:%M} O {o} H {h} L {low} C {c} V {v}" if ts else f"row {r} without a time"
        for r, ts, o, h, low, c, v in hits.head(n).select(columns).iter_rows()
    )
