"""Reading: the bytes of one file → raw rows and quarantine, by a declared or detected dialect.

Put here: the order of the steps.
Keep out: the steps themselves (one file each in this folder).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from quant_core.ingestion.archive_members import read_members
from quant_core.ingestion.archives import Member, unwrap
from quant_core.ingestion.bar_stamps import BarOpens, bar_opens, resolved_stamp
from quant_core.ingestion.clocks import Instants
from quant_core.ingestion.columns import PRICES, assign_columns
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.foreign_formats import refuse_foreign
from quant_core.ingestion.headerless import check_positions
from quant_core.ingestion.labels import symbols_of, timeframes_of
from quant_core.ingestion.number_fields import read_number_fields
from quant_core.ingestion.panics import refuse_panics
from quant_core.ingestion.parsed_file import ParsedFile
from quant_core.ingestion.price_sets import combine_prices, is_unfinished, looks_wrong
from quant_core.ingestion.readers import READERS
from quant_core.ingestion.readers.contract import Preview, Reader, Sheet
from quant_core.ingestion.row_problems import RowProblems
from quant_core.ingestion.steps import check_steps, step_timeframe, steps_of
from quant_core.ingestion.time_formats import Bools, Int64s
from quant_core.ingestion.times import Labels, read_labels
from quant_core.ingestion.told_apart import refuse_mixed_instruments
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe

_RAW_ROWS, _QUARANTINE = TABLES["raw_rows"], TABLES["quarantine"]
MAX_RAW_TEXT = 10_000
_FEW_GONE = 100


@dataclass(frozen=True)
class _Timed:
    """Symbol, timeframe and bar open of every row."""

    symbol: pl.Series
    vendor_symbol: pl.Series
    timeframe: Timeframe | pl.Series
    utc_us: Int64s


def read_file(data: bytes, file_name: str, dialect: Dialect) -> ParsedFile:
    r"""Read one file of bars.

    Args:
        data: the file's bytes; zip and gzip are unwrapped, every member is read.
        file_name: its name, for symbol, timeframe and messages; never opened.
        dialect: what is declared; the rest is detected.

    Missing: an empty price or volume is null; a row that cannot be read goes to quarantine with its text.

    Raises:
        RefusedInputError: the file as a whole cannot be understood, or its symbol cannot be a partition key.
        ConfigError: a declared format, zone or calendar does not exist.

    >>> data = b"date,open,high,low,close\n2024-01-02,1,2,1,2\n2024-01-03,2,3,2,x\n"
    >>> parsed = read_file(data, "ABC_d1.csv", Dialect())
    >>> parsed.rows.select("symbol", "timeframe").row(0), parsed.quarantine["reason"].to_list()
    (('ABC', 'D1'), ['unparsable_close'])
    """

    def read() -> ParsedFile:
        return read_members(unwrap(data, file_name, dialect), lambda member: _read_member(member, file_name, dialect))

    return refuse_panics(read, file_name)


def reader_for(member: Member, dialect: Dialect) -> Reader:
    """The declared reader; else the one that recognizes the bytes; else the one of the ending; else text."""
    if dialect.format is not None:
        return READERS[dialect.format]()
    readers = [READERS[name]() for name in READERS]
    by_bytes = [r for r in readers if r.recognizes(member.data[:4096])]
    by_name = [r for r in readers if member.name.lower().endswith(r.suffixes)]
    return (by_bytes or [r for r in by_name if r.is_text] or [READERS["delimited_text"]()])[0]


def _read_member(member: Member, file_name: str, dialect: Dialect) -> ParsedFile:
    """Read one unwrapped file."""
    reader = reader_for(member, dialect)
    if dialect.format is None and not reader.recognizes(member.data[:4096]):
        refuse_foreign(member.data[:4096], member.origin)
    preview = reader.preview(member, dialect)
    columns = assign_columns(preview, dialect, member.origin)
    sheet = reader.load(member, preview, columns.roles, dialect)
    resolved: dict[str, Any] = {"origin": member.origin, "format": reader.name, **preview.resolved, **columns.resolved}
    if sheet.frame.is_empty():
        return _assemble(member, sheet, None, None, RowProblems(0, {}), resolved)
    if dialect.zone is None and "written_zone" in preview.resolved:
        dialect = dialect.model_copy(update={"zone": preview.resolved["written_zone"]})
    problems = RowProblems(sheet.frame.height, columns.resolved["columns"])
    timed, how = _time_rows(sheet, member, file_name, dialect, problems, preview.resolved)
    if dialect.symbol is None and isinstance(timed.timeframe, Timeframe):
        load = partial(_load_again, reader, member, preview, dialect)
        times = timed.utc_us, problems.keep()
        refuse_mixed_instruments(preview, columns.roles, times, timed.symbol, load, member.origin)
    numbers = read_number_fields(sheet, columns.resolved["columns"], dialect, member.origin)
    for role, bad in numbers.bad_prices.items():
        problems.mark(f"unparsable_{role}", bad)
    if "complete" in sheet.frame.columns:
        problems.mark("unfinished_row", is_unfinished(sheet.frame["complete"]))
    prices, counts = combine_prices(numbers.values, dialect)
    counts |= numbers.resolved
    problems.refuse_if_all_bad(sheet, member.origin)
    if preview.names is None:
        check_positions(prices, columns.roles, preview.width, member.origin)
    return _assemble(member, sheet, timed, prices, problems, {**resolved, **how, **counts})


def _load_again(reader: Reader, member: Member, preview: Preview, dialect: Dialect, roles: Mapping[int, str]) -> Sheet:
    """Read the file with other columns."""
    return reader.load(member, preview, roles, dialect)


def _time_rows(
    sheet: Sheet, member: Member, file_name: str, dialect: Dialect, problems: RowProblems, seen: Mapping[str, Any]
) -> tuple[_Timed, dict[str, Any]]:
    """Symbols, timeframes and bar opens."""
    labels = read_labels(sheet.frame, sheet.origin_row, dialect, member.origin)
    named = {"written": seen.get("written_symbol"), "inside": seen.get("document_symbol")}
    symbol, vendor, how = symbols_of(sheet.frame, member, file_name, dialect, labels=labels, **named)
    problems.mark("bad_symbol", symbol.is_null())
    problems.mark("unparsable_ts", ~labels.valid)
    if labels.zone is not None:
        dialect = dialect.model_copy(update={"zone": labels.zone})
    is_constant = "symbol" not in sheet.frame.columns or dialect.symbol is not None
    groups = np.zeros(len(symbol), dtype=np.int64)
    if not is_constant:
        groups = _group_numbers(symbol)
    timeframe = timeframes_of(sheet.frame, member, file_name, dialect)
    problems.refuse_if_all_bad(sheet, member.origin)
    is_read: Bools = labels.valid & symbol.is_not_null().to_numpy()
    declared = timeframe if isinstance(timeframe, Timeframe) else None
    steps = steps_of(labels.label_us, groups, is_read, declared)
    if timeframe is None:
        timeframe = step_timeframe(steps, member.origin)
        check_steps(timeframe, steps, sheet.origin_row, member.origin)
        how["timeframe"] = f"{timeframe.value} (usual step)"
    elif isinstance(timeframe, pl.Series):
        problems.mark("bad_timeframe", timeframe.is_null())
        how["timeframe"] = "column"
    else:
        how["timeframe"] = timeframe.value
    opens = _opens(labels, groups, timeframe, dialect, member.origin)
    if isinstance(timeframe, Timeframe) and how["timeframe"] == timeframe.value:
        if timeframe.is_intraday and opens.stamp == "close":  # a session's last bar may be short: opens are on the grid
            steps = steps_of(opens.instants.utc_us, groups, is_read, timeframe)
        check_steps(timeframe, steps, sheet.origin_row, member.origin)
    problems.mark("nonexistent_local_time", opens.instants.nonexistent)
    problems.mark("ambiguous_local_time", opens.instants.ambiguous)
    how |= {
        **labels.resolved,
        **resolved_stamp(labels, dialect, opens),
        "n_repeated_hours_resolved": opens.instants.n_resolved_by_order,
    }
    return _Timed(symbol, vendor, timeframe, opens.instants.utc_us), how


def _group_numbers(symbol: pl.Series) -> Int64s:
    """A number per symbol, in order of appearance."""
    return symbol.fill_null("").cast(pl.Categorical).to_physical().to_numpy().astype(np.int64)


def _opens(labels: Labels, groups: Int64s, timeframe: Timeframe | pl.Series, dialect: Dialect, origin: str) -> BarOpens:
    """Bar opens, timeframe by timeframe where a column says it."""
    if isinstance(timeframe, Timeframe):
        return bar_opens(labels, groups, timeframe, dialect, origin)
    n = len(labels.label_us)
    utc, stamps = np.zeros(n, dtype=np.int64), set[str]()
    skipped, repeated, n_resolved = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool), 0
    for name in timeframe.drop_nulls().unique(maintain_order=True):
        mine = (timeframe == name).fill_null(value=False).to_numpy()
        midnights = None if labels.midnight_us is None else labels.midnight_us[mine]
        part = replace(labels, label_us=labels.label_us[mine], valid=labels.valid[mine], midnight_us=midnights)
        found = bar_opens(part, groups[mine], Timeframe(name), dialect, origin)
        utc[mine], skipped[mine] = found.instants.utc_us, found.instants.nonexistent
        repeated[mine] = found.instants.ambiguous
        n_resolved += found.instants.n_resolved_by_order
        stamps.add(found.stamp)
    stamp = "close" if "close" in stamps else "open"
    shown = stamp == "close" and dialect.bar_stamp is None
    return BarOpens(Instants(utc, skipped, repeated, n_resolved), stamp, shown)


def _assemble(
    member: Member,
    sheet: Sheet,
    timed: _Timed | None,
    prices: pl.DataFrame | None,
    problems: RowProblems,
    resolved: dict[str, Any],
) -> ParsedFile:
    """Split rows and quarantine, and attach raw text to the rows that look wrong."""
    refused = pl.DataFrame(
        {
            "origin_row": [r.row for r in sheet.refused],
            "reason": [r.reason for r in sheet.refused],
            "raw_text": [r.text[:MAX_RAW_TEXT] for r in sheet.refused],
        },
        schema={"origin_row": pl.Int64, "reason": pl.String, "raw_text": pl.String},
    )
    if timed is None or prices is None:
        rows, bad = _RAW_ROWS.empty(), _conform(refused, _QUARANTINE.schema, member.origin)
        return ParsedFile(rows, bad, sheet.n_rows_in, {**resolved, **_counts(rows, bad)})
    frame = pl.DataFrame([timed.symbol, timed.vendor_symbol, sheet.origin_row]).with_columns(
        timed.timeframe if isinstance(timed.timeframe, pl.Series) else pl.lit(timed.timeframe.value).alias("timeframe"),
        pl.Series("ts", timed.utc_us).cast(pl.Datetime("us", "UTC")),
    )
    frame = frame.hstack(prices)
    keep = problems.keep()
    quarantined = refused
    if keep is not None:
        bad_at = np.flatnonzero(~keep)
        no_time = problems.reasons().str.contains("ts|time|symbol")
        bad_rows = (
            frame[bad_at]
            .select("origin_row", "symbol", "timeframe", "ts")
            .with_columns(
                problems.reasons(), pl.Series("raw_text", sheet.text_of(bad_at.tolist())).str.slice(0, MAX_RAW_TEXT)
            )
        )
        bad_rows = bad_rows.with_columns(ts=pl.when(~no_time).then(pl.col("ts")))
        quarantined = pl.concat([refused, bad_rows], how="diagonal")
    rows = frame.with_columns(_raw_text(frame, keep, sheet))
    rows = _conform(rows if keep is None else _kept(rows, keep), _RAW_ROWS.schema, member.origin)
    bad = _conform(quarantined.sort("origin_row"), _QUARANTINE.schema, member.origin)
    return ParsedFile(rows, bad, sheet.n_rows_in, {**resolved, **_counts(rows, bad)})


def _kept(frame: pl.DataFrame, keep: Bools) -> pl.DataFrame:
    """The rows to keep; where few go, the stretches between them, which are not copied."""
    gone = np.flatnonzero(~keep).tolist()
    if len(gone) > _FEW_GONE:
        return frame.filter(pl.Series(keep))
    return pl.concat([frame[a + 1 : b] for a, b in pairwise([-1, *gone, frame.height])])


def _raw_text(frame: pl.DataFrame, keep: Bools | None, sheet: Sheet) -> pl.Series:
    """The original text of the kept rows that look wrong, null elsewhere."""
    texts = pl.repeat(None, frame.height, dtype=pl.String, eager=True).alias("raw_text")
    wrong = frame.select(looks_wrong()).to_series()
    at = (wrong if keep is None else wrong & pl.Series(keep)).arg_true()
    if not len(at):
        return texts
    found = pl.Series(sheet.text_of(at.to_list()), dtype=pl.String).str.slice(0, MAX_RAW_TEXT)
    return texts.scatter(at, found)


def _conform(frame: pl.DataFrame, schema: dict[str, Any], origin: str) -> pl.DataFrame:
    """Columns of a table contract, in order; missing ones are null, ``origin`` is filled in."""
    frame = frame.with_columns(origin=pl.lit(origin))
    missing = [pl.lit(None).alias(c) for c in schema if c not in frame.columns]
    return frame.with_columns(missing).select(pl.col(c).cast(t) for c, t in schema.items())


def _counts(rows: pl.DataFrame, bad: pl.DataFrame) -> dict[str, Any]:
    """Row counts for people to see."""
    by_reason = dict(bad.group_by("reason").len().sort("reason").iter_rows())
    return {"n_rows": rows.height, "n_quarantined": bad.height, "quarantined": by_reason, "price_roles": list(PRICES)}
