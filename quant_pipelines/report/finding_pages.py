"""The strongest findings of a symbol, one page each: the sentence, its outcomes over time and on the price.

Put here: which findings have a page, and what it says.
Keep out: opening a cell (finding_outcomes.py), drawing (plots/finding_page.py), the tables of all cells (findings.py).
"""

from __future__ import annotations

from typing import Any

import polars as pl

from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.marts.sentences import finding_sentence
from quant_pipelines.plots import finding_page, svg
from quant_pipelines.report._document import (
    Block,
    Column,
    Contents,
    Fold,
    Page,
    Picture,
    Section,
    Table,
    Text,
    missing,
)
from quant_pipelines.report._numbers import NONE, count, fraction, number
from quant_pipelines.report.finding_outcomes import Outcomes, outcomes_of
from quant_pipelines.report.findings import pooled_cells
from quant_pipelines.report.inputs import SymbolInputs
from quant_pipelines.stages.key_tables import KeyTables

MAX_PAGES = 12
LEAST_PAGES = 4
"""So many are shown where fewer are significant, as what they are: the strongest of what was not found."""


def finding_pages(inputs: SymbolInputs) -> Section:
    """The section: a list of sentences, then a page for each."""
    blocks: list[Block] = []
    rows: list[dict[str, Any]] = []
    for key in inputs.keys:
        cells = pooled_cells(inputs, key)
        if cells is None or cells["verdict_global"].null_count() == cells.height:
            blocks.append(missing(f"{key} has no findings in the lake's marts. Make them with:", "qe launch marts"))
        elif inputs.outdated("market_stats", key):
            reason = inputs.outdated("market_stats", key)
            text = f"The statistics of {key} were {reason}: their outcomes cannot be shown. Refresh them with:"
            blocks.append(missing(text, f"qe launch research '{key}'"))
        else:
            rows += cells.filter(pl.col("q_value").is_not_null()).to_dicts()
    chosen = strongest(rows)
    pages = [
        _page(inputs, PartitionKey(inputs.symbol, row["timeframe"]), row, f"finding-{i}")
        for i, row in enumerate(chosen, start=1)
    ]
    if pages:
        n_found = sum(row["verdict"] == "significant" for row in chosen)
        blocks += [_introduction(n_found, len(pages)), Contents([(p.anchor, p.title) for p in pages]), *pages]
    elif not blocks:
        blocks.append(Text("No cell holds enough observations for a test, so there is no finding to open."))
    return Section("finding-pages", "The strongest, one by one", blocks)


def strongest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The significant findings, those that pay first, then by q; filled up with others to a few.

    >>> a, b = {"q_value": 0.01, "clears_cost": False}, {"q_value": 0.02, "clears_cost": True}
    >>> c = {"q_value": 0.5, "clears_cost": True, "verdict": "not_significant"}
    >>> found = [{**row, "verdict": "significant"} for row in (a, b)]
    >>> [row["q_value"] for row in strongest([c, *found])]
    [0.02, 0.01, 0.5]
    >>> len(strongest([c] * 9)), len(strongest(found * 9))
    (4, 12)
    """

    def place(row: dict[str, Any]) -> tuple[bool, bool, float]:
        q = row["q_value"]
        return row["verdict"] != "significant", not row["clears_cost"], 1.0 if q is None else q

    ordered = sorted(rows, key=place)
    n_found = sum(row["verdict"] == "significant" for row in rows)
    return ordered[: min(max(n_found, LEAST_PAGES), MAX_PAGES)]


def _introduction(n_found: int, n_pages: int) -> Text:
    """What the pages are, honest where nothing was found."""
    if n_found == 0:
        return Text(
            f"Nothing is significant. These {n_pages} come nearest; they show what chance looks like at its best.",
            "verdict",
        )
    others = f", then the {n_pages - n_found} that come nearest" if n_pages > n_found else ""
    return Text(f"The significant findings, those that pay first{others}.")


def _page(inputs: SymbolInputs, key: PartitionKey, row: dict[str, Any], anchor: str) -> Page:
    """Everything about one finding."""
    bars = KeyTables(inputs.lake, key).bars(inputs.research.data.start, inputs.research.data.end)
    outcomes = outcomes_of(bars, inputs.research, row)
    state = "" if row["condition"] == "all" else f" when {row['condition']} = {row['condition_value']}"
    title = f"{key.timeframe}: {row['event']}{state} → {row['target']}"
    # A report speaks for its symbol and timeframe alone.
    claim = row | {"verdict_global": row["verdict"], "q_value_global": row["q_value"]}
    blocks: list[Block] = [Text(finding_sentence(claim), "verdict")]
    if row["twins"]:
        blocks.append(Text(f"The same question under other names: {'; '.join(row['twins'])}."))
    if outcomes.events.height != row["n"]:
        text = f"{count(outcomes.events.height)} event bars were found now, {count(row['n'])} then. Refresh with:"
        blocks.append(missing(text, f"qe launch research '{key}'"))
        return Page(anchor, title, blocks, row["verdict"])
    is_rate = row["target_kind"] == "binary"
    # What a trade pays is a fraction of its entry; of other numbers only their block knows the unit.
    unit = "fraction" if is_rate or row["cost_bps"] is not None else "unit of the target"
    drawn = finding_page(
        outcomes.events, outcomes.years, outcomes.bars, form="rate" if is_rate else "mean", unit=unit, render=svg
    )
    blocks.append(Picture(drawn, f"outcomes of {title}"))
    blocks.append(Fold("By year, in numbers", [_years_table(outcomes, is_rate=is_rate)]))
    return Page(anchor, title, blocks, row["verdict"])


def _years_table(outcomes: Outcomes, *, is_rate: bool) -> Table:
    """One row per year with events."""
    shown = fraction if is_rate else number
    rows = [
        [
            str(year["year"]),
            count(year["n"]),
            shown(year["estimate"]),
            shown(year["baseline"]),
            NONE if year["paid"] is None else f"{year['paid']:+.1f}",
        ]
        for year in outcomes.years.iter_rows(named=True)
    ]
    columns = [Column("year"), Column("events", form="number")]
    columns.append(Column("rate" if is_rate else "mean", form="number"))
    columns += [Column("all bars", "The same over all bars of the year that lie in a test.", "number")]
    columns += [Column("net bps", "Mean of the better side's trades from the next open, less the cost.", "number")]
    return Table(columns, rows, "One year proves nothing; many years of one sign are hard to get by chance.")


SECTIONS = {30: finding_pages}
