"""Data quality in a report: what was delivered, what was kept, what was refused and why, what is missing.

Put here: the section's tables and figures.
Keep out: the checks (quant_core.quality) and gaps (quant_core.bars.coverage).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from quant_core.bars.coverage import gaps
from quant_core.shown_text import shown
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.plots import coverage_heat_map, price_chart, quality_counts, svg
from quant_pipelines.raw.published_bars import load_bars
from quant_pipelines.report._document import Block, Column, Fold, Picture, Section, Table, Text
from quant_pipelines.report._numbers import NONE, count, fraction, moment
from quant_pipelines.report.inputs import SymbolInputs

_MAX_REFUSED_ROWS = 12
_MAX_TEXT = 160
_CHART_TIMEFRAME = "D1"


def quality_section(inputs: SymbolInputs) -> Section:
    """The section: deliveries, bars by timeframe, findings of the checks, refused rows, coverage."""
    blocks: list[Block] = [_deliveries(inputs), _bars_by_timeframe(inputs), *_findings(inputs), *_refused(inputs)]
    coverage = [(key, inputs.rows("coverage", key)) for key in inputs.keys]
    frames = [
        rows.with_columns(symbol=pl.lit(key.symbol), timeframe=pl.lit(key.timeframe))
        for key, rows in coverage
        if rows is not None
    ]
    if frames:
        blocks.append(Picture(coverage_heat_map(pl.concat(frames), render=svg), "share of expected bars by month"))
    return Section("quality", "Data quality", blocks)


def price_section(inputs: SymbolInputs) -> Section:
    """The closes with the calendar gaps, at D1 where there is one."""
    chosen = next((k for k in inputs.keys if k.timeframe == _CHART_TIMEFRAME), inputs.keys[0])
    bars = load_bars(inputs.lake, chosen).bars()
    names = {"symbol": chosen.symbol, "timeframe": chosen.timeframe}
    chart = price_chart(bars.frame, gaps(bars), **names, render=svg)
    return Section("price", "Price", [Picture(chart, f"closes of {chosen} with the calendar gaps")])


def _deliveries(inputs: SymbolInputs) -> Table:
    """One row per native timeframe: from the source's rows to bars, every row accounted for."""
    rows: list[list[str]] = []
    for native, manifest in inputs.manifests.items():
        totals, latest = manifest.totals, manifest.latest
        cleaning = _cleaning(inputs, native)
        rows.append(
            [
                native,
                latest.source,
                manifest.instrument.vendor_symbol or NONE,
                manifest.instrument.calendar,
                f"{manifest.version} of {totals.n_deliveries}",
                count(totals.n_rows_in),
                count(totals.n_known),
                count(totals.n_restated),
                count(totals.n_quarantined),
                *(count(cleaning.get(name)) for name in ("in", "kept", "dropped", "quarantined")),
            ]
        )
    columns = [
        Column("native"),
        Column("source"),
        Column("vendor symbol"),
        Column("calendar"),
        Column("version", "Version of the history and number of deliveries; a restatement opens a new version."),
        Column("rows delivered", "Rows read from the source, repeated deliveries included.", "number"),
        Column("known already", "Delivered again unchanged.", "number"),
        Column("restated", "Delivered again with other prices; the earlier version is kept.", "number"),
        Column("unreadable", "Refused while reading; in quarantine.", "number"),
        Column("rows to clean", "Readable rows of the current version.", "number"),
        Column("kept", "Bars.", "number"),
        Column("dropped", "Exact repeats and the unfinished last bar.", "number"),
        Column("quarantined", "Refused by a check, with the reason.", "number"),
    ]
    return Table(columns, rows, "From the source's rows to bars: rows to clean = kept + dropped + quarantined.")


def _cleaning(inputs: SymbolInputs, native: str) -> Mapping[str, int]:
    """Rows in, kept, dropped and quarantined by cleaning; empty where the native bars are not up to date."""
    key = PartitionKey(inputs.symbol, native)
    refused, facts = inputs.rows("quarantine", key), inputs.facts("bars", key)
    if refused is None or facts is None or inputs.outdated("bars", key):
        return {}
    raw = inputs.raw(native)
    n_kept = inputs.lake.scan("bars", [key]).select(pl.len()).collect().item()
    n_quarantined = refused.height - raw.quarantine.height
    n_dropped = raw.rows.height - n_kept - n_quarantined
    return {"in": raw.rows.height, "kept": n_kept, "dropped": n_dropped, "quarantined": n_quarantined}


def _bars_by_timeframe(inputs: SymbolInputs) -> Table:
    """One row per timeframe: bars, span, gaps against the calendar, and what was flagged."""
    rows: list[list[str]] = []
    for key in inputs.keys:
        bars = load_bars(inputs.lake, key).bars()
        holes, quality, coverage = gaps(bars), inputs.rows("quality", key), inputs.rows("coverage", key)
        found = {} if quality is None else dict(quality.select("check", "n_rows").iter_rows())
        longest = holes.sort("n_missing", descending=True).head(1)
        intraday = Timeframe(key.timeframe).is_intraday
        where = f" from {moment(longest['start'][0], intraday=intraday)}" if longest.height else ""
        expected = None if coverage is None else int(coverage["n_expected"].sum())
        lacking = int(holes["n_missing"].sum())
        rows.append(
            [
                key.timeframe,
                inputs.native_of(key),
                count(len(bars)),
                moment(bars.frame["ts"].min(), intraday=intraday),  # pyright: ignore[reportArgumentType]
                moment(bars.frame["ts"].max(), intraday=intraday),  # pyright: ignore[reportArgumentType]
                count(holes.height),
                count(lacking),
                f"{count(longest['n_missing'][0])}{where}" if longest.height else "0",
                fraction((expected - lacking) / expected) if expected else NONE,
                *(count(found.get(check)) for check in ("spike", "flat_bar", "zero_volume", "off_calendar")),
                inputs.outdated("bars", key) or "up to date",
            ]
        )
    names = ("bars", "gaps", "bars missing", "longest gap [bars]", "coverage", "spikes", "flat", "no volume")
    columns = [Column("timeframe"), Column("made from", "Native timeframe.")]
    columns += [Column(names[0], form="number"), Column("first [UTC]", form="short")]
    columns += [Column("last [UTC]", form="short")]
    columns += [Column(n, form="number") for n in names[1:]]
    columns += [Column("off calendar", "Bars where the calendar expects none; kept.", "number")]
    columns += [Column("state", form="short")]
    return Table(columns, rows, "Bars by timeframe against the calendar; spikes and the like are flagged and kept.")


def _findings(inputs: SymbolInputs) -> list[Block]:
    """What the checks found: a table over all timeframes and a figure where there is something to see."""
    tables = [(key, inputs.rows("quality", key)) for key in inputs.keys]
    found = [
        (key.timeframe, row)
        for key, quality in tables
        if quality is not None
        for row in quality.filter(pl.col("n_rows") > 0).iter_rows(named=True)
    ]
    n_checks = sum(quality.height for _, quality in tables if quality is not None)
    summary = f"{n_checks - len(found)} of {n_checks} checks on {len(inputs.keys)} timeframes found nothing."
    if not found:
        return [Text(summary)]
    columns = [Column("timeframe"), Column("check", form="id"), Column("what happens"), Column("rows", form="number")]
    columns += [Column("share", "Fraction of the rows in.", "number"), Column("first", form="short")]
    columns += [Column("last", form="short"), Column("meaning")]
    rows = [
        [
            timeframe,
            row["check"],
            row["severity"],
            count(row["n_rows"]),
            fraction(row["share"]),
            moment(row["first_ts"]),
            moment(row["last_ts"]),
            row["explanation"],
        ]
        for timeframe, row in found
    ]
    examples = [[t, row["check"], _cut(row["example"])] for t, row in found if row["example"]]
    blocks: list[Block] = [Text(summary), Table(columns, rows, "What the checks found.")]
    if examples:
        heads = [Column("timeframe"), Column("check", form="id"), Column("rows found", form="raw")]
        blocks.append(Fold(f"Examples of what was found ({len(examples)})", [Table(heads, examples)]))
    return [*blocks, *_largest_findings(inputs, tables)]


def _largest_findings(inputs: SymbolInputs, tables: list[tuple[PartitionKey, pl.DataFrame | None]]) -> list[Block]:
    """A figure of the timeframe with the most rows found, if a table alone does not tell it."""
    sizes = [(int(q["n_rows"].sum()), key, q) for key, q in tables if q is not None]
    _, key, quality = max(sizes, key=lambda s: (s[0], s[1].timeframe))
    if quality.filter(pl.col("n_rows") > 0).height < 2:
        return []
    title = f"{inputs.symbol} {key.timeframe}: what the quality checks found"
    return [Picture(quality_counts(quality, title=title, render=svg), "quality counts")]


def _refused(inputs: SymbolInputs) -> list[Block]:
    """Refused rows by reason, and some of them with their original text."""
    natives = [PartitionKey(inputs.symbol, t) for t in inputs.manifests]
    frames = [rows for key in natives if (rows := inputs.rows("quarantine", key)) is not None and rows.height]
    if not frames:
        return [Text("No row was refused.")]
    refused = pl.concat(frames)
    by_reason = refused.group_by("reason").len().sort("len", "reason", descending=[True, False])
    counts = ", ".join(f"{reason} {count(n)}" for reason, n in by_reason.iter_rows())
    columns = [Column("origin", form="raw"), Column("row", form="number"), Column("reason", form="id")]
    columns += [Column("text", form="raw")]
    rows = [
        [_cut(origin), str(row), reason, _cut(text)]
        for origin, row, reason, text in refused.head(_MAX_REFUSED_ROWS)
        .select("origin", "origin_row", "reason", "raw_text")
        .iter_rows()
    ]
    title = f"{len(rows)} of {count(refused.height)} refused rows"
    return [Text(f"{count(refused.height)} rows were refused: {counts}."), Fold(title, [Table(columns, rows)])]


def _cut(text: str) -> str:
    """A text of a file, escaped and short enough for a table."""
    return shown(text, _MAX_TEXT)


SECTIONS = {10: price_section, 50: quality_section}
