"""Findings in a report: what was tested out of sample, what survives, and what that is worth.

Put here: the section's texts, tables and figures, per timeframe.
Keep out: tests, verdicts and corrections (quant_core, sql/marts).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from quant_core.tables import TABLES
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.marts.questions import one_per_question, with_twins
from quant_pipelines.marts.sentences import headline
from quant_pipelines.plots import finding_intervals, finding_labels, svg
from quant_pipelines.report._document import Block, Column, Fold, Heading, Picture, Section, Table, Text, missing
from quant_pipelines.report._numbers import NONE, count, fraction, interval, number, probability, yes_no
from quant_pipelines.report.condition_maps import condition_maps
from quant_pipelines.report.inputs import SymbolInputs

_TOP = "mart__market_stats_top"
_MAX_ROWS = 15
_KINDS = {"binary": "rates (binary targets)", "numeric": "means (numeric targets)"}
_CELL = ["event", "condition", "condition_value", "target"]
_ADDED = {
    "q_value_global": pl.Float64,
    "n_tests_global": pl.Int64,
    "verdict_global": pl.String,
    "n_folds_testable": pl.Int64,
    "n_folds_replicated": pl.Int64,
    "net_best_bps": pl.Float64,
    "net_best_side": pl.String,
}
_MEANINGS = {c.name: f"[{c.unit}] {c.meaning}" for c in TABLES["market_stats"].columns}
_COST_NOTE = "Clears cost is not corrected for the number of cells: without a significant verdict it says little."
_CAPTION = f"Strongest cells of binary targets; fractions, never percent. {_COST_NOTE}"
CHANCE_OF_REPLICATION = 0.025
"""Share of false training findings that replicate by chance: p at most 0.05 on the test, and of its two signs one."""


def findings_section(inputs: SymbolInputs) -> Section:
    """The section, timeframe by timeframe."""
    blocks: list[Block] = [
        Text(
            "Every number is out of sample: the tests of all walk-forward folds pooled, each bar judged with the bins "
            "its own fold had learned before it. q is corrected for the questions of this symbol and timeframe, and "
            "verdicts go by it: no other file changes them. Global q is for claims over all symbols and timeframes."
        )
    ]
    for key in inputs.keys:
        blocks += [Heading(str(key)), *_timeframe(inputs, key)]
    return Section("findings", "Findings", blocks)


def pooled_cells(inputs: SymbolInputs, key: PartitionKey) -> pl.DataFrame | None:
    """The pooled out-of-sample cells of a partition with their global q-values, strongest first.

    Columns of ``market_stats``, and those of the mart that are in ``_ADDED``, null where the mart is missing or older
    than the statistics. Cells that ask the same question are one row, with the names of the others in ``twins``.
    """
    stats = inputs.rows("market_stats", key)
    if stats is None:
        return None
    cells = stats.filter(pl.col("split") == "oos_pooled", pl.col("target_kind").is_in(list(_KINDS)), pl.col("n") > 0)
    mart = inputs.mart(_TOP, key, made_from="market_stats")
    if mart is None:
        joined = cells.with_columns(pl.lit(None, t).alias(name) for name, t in _ADDED.items())
    else:
        known = mart.filter(split="oos_pooled").select(*_CELL, *_ADDED)
        joined = cells.join(known, on=_CELL, how="left", maintain_order="left")
    lift = pl.coalesce("lift_freq", "lift_mean").abs()
    order = ["q_value", "q_value_global", lift, *_CELL]
    ordered = with_twins(joined).sort(order, descending=[False, False, True, *[False] * 4], nulls_last=True)
    return one_per_question(ordered)


def _timeframe(inputs: SymbolInputs, key: PartitionKey) -> list[Block]:
    """Everything about one timeframe."""
    cells = pooled_cells(inputs, key)
    if cells is None:
        return [missing("No statistics yet. Compute them with:", f"qe launch research '{key}'")]
    blocks: list[Block] = []
    outdated = inputs.outdated("market_stats", key)
    if outdated:
        blocks.append(missing(f"These statistics were {outdated}. Refresh them with:", f"qe launch research '{key}'"))
    tested = cells.filter(pl.col("q_value").is_not_null())
    if tested.is_empty():
        return [*blocks, Text(f"None of {count(cells.height)} cells holds enough observations for a test.", "verdict")]
    if tested["q_value_global"].null_count() == tested.height:
        text = (
            "The correction over all symbols and timeframes is missing or older than these statistics. Compute it with:"
        )
        blocks.append(missing(text, "qe launch marts"))
    blocks += [Text(verdict_sentence(cells, inputs.research.market_stats.fdr), "verdict"), _families(inputs, cells)]
    blocks.append(Text(_replication(inputs, key)))
    binary = cells.filter(target_kind="binary")
    labeled = finding_labels(binary, with_symbol=False)
    title = f"{key.symbol} {key.timeframe}: smallest q-values, all out-of-sample folds pooled"
    blocks.append(Picture(finding_intervals(labeled, title=title, render=svg), "lifts with their intervals"))
    blocks += [_binary_table(binary.head(_MAX_ROWS))]
    numeric = cells.filter(target_kind="numeric")
    if numeric.height:
        table = _numeric_table(numeric.head(_MAX_ROWS))
        # What is found is shown; what is not can be opened.
        is_found = not significant_cells(numeric).is_empty()
        blocks.append(table if is_found else Fold("Strongest cells of numeric targets", [table]))
    return [*blocks, *condition_maps(inputs, key)]


def verdict_sentence(cells: pl.DataFrame, fdr: float) -> str:
    """What the reader should remember of a timeframe, honest also where nothing was found."""
    tested = cells.filter(pl.col("q_value").is_not_null())
    significant = significant_cells(tested).height
    n_low, n_p = int((cells["p_value"] <= 0.05).sum()), cells["p_value"].count()
    chance = f"{count(n_low)} of {count(n_p)} p-values are at most 0.05; chance alone gives about {count(0.05 * n_p)}."
    if significant == 0:
        return (
            f"Nothing is significant: of {count(tested.height)} questions tested out of sample none survives the "
            f"correction for this symbol and timeframe at a false discovery rate of {fdr:g}. {chance} What follows "
            "shows the smallest q-values all the same; take them for noise until new data say otherwise."
        )
    found = headline(significant, tested.height, paying_cells(tested), has_cost=tested["cost_bps"].count() > 0)
    return (
        f"{found} Out of sample, after the correction for this symbol and timeframe; at a false discovery rate of "
        f"{fdr:g} expect up to {fdr * significant:.1f} of them to be false. {_everywhere(tested)}{chance}"
    )


def _everywhere(tested: pl.DataFrame) -> str:
    """How many also stand where all symbols are looked at; nothing where that is not known."""
    if tested["q_value_global"].null_count() == tested.height:
        return ""
    n = tested.filter(verdict_global="significant").height
    return f"{count(n)} would stand among the findings of all symbols and timeframes. "


def significant_cells(cells: pl.DataFrame) -> pl.DataFrame:
    """Cells that are significant in their own family."""
    return cells.filter(verdict="significant")


def paying_cells(cells: pl.DataFrame) -> int:
    """How many of the significant cells clear their cost."""
    return int(significant_cells(cells)["clears_cost"].sum())


def _families(inputs: SymbolInputs, cells: pl.DataFrame) -> Table:
    """One row per family of tests: how many, how many found, how many of those are expected to be false."""
    fdr, rows = inputs.research.market_stats.fdr, list[list[str]]()
    for kind, name in _KINDS.items():
        family = cells.filter(target_kind=kind)
        tested = family.filter(pl.col("q_value").is_not_null())
        own = int((tested["verdict"] == "significant").sum())
        known = tested["q_value_global"].drop_nulls().len()
        everywhere = int((tested["verdict_global"] == "significant").sum())
        rows.append(
            [
                name,
                count(family.height),
                count(tested.height),
                count(own),
                f"≤ {fdr * own:.1f}",
                count(tested["n_tests_global"].max()),  # pyright: ignore[reportArgumentType]
                count(everywhere) if known else NONE,
                f"{count(int((family['p_value'] <= 0.05).sum()))} of {count(family['p_value'].count())}",
                count(0.05 * family["p_value"].count()),
            ]
        )
    columns = [Column("family"), Column("questions", "Cells that ask the same are one; with outcomes.", "number")]
    columns += [Column("tested", "Questions with enough observations and blocks: those q corrects for.", "number")]
    columns += [Column("significant", f"q at most {fdr:g} within this symbol and timeframe.", "number")]
    columns += [Column("expected false", "False discoveries to expect among the significant.", "number")]
    columns += [Column("tested globally", "Tests of all symbols and timeframes that global q corrects for.", "number")]
    columns += [Column("significant globally", f"Global q at most {fdr:g}.", "number")]
    columns += [Column("p ≤ 0.05", "Uncorrected; of all cells with a p-value.", "number")]
    columns += [Column("by chance", "Cells with p ≤ 0.05 to expect where there is nothing.", "number")]
    return Table(columns, rows, "How many questions were asked, and how many answers survive.")


def _replication(inputs: SymbolInputs, key: PartitionKey) -> str:
    """What became of the training findings on their own folds' tests."""
    stats = inputs.rows("market_stats", key)
    train = TABLES["market_stats"].empty() if stats is None else stats.filter(split="train")
    found = train.filter(verdict="significant")
    testable = found["replicated"].count()
    n_folds = train["fold"].n_unique()
    if found.is_empty():
        return f"Replication: no cell was significant on the training data of {n_folds} folds; there is none to repeat."
    start = f"Replication: {count(found.height)} cells were significant on the training data of {n_folds} folds"
    if not testable:
        return f"{start}; none of them could be tested again on its own fold's test."
    held = int(found["replicated"].sum())
    return (
        f"{start}; {count(testable)} could be tested again on their own fold's test, and {count(held)} replicated "
        f"(same sign, p ≤ 0.05): a share of {held / testable:.3f}, where chance alone gives {CHANCE_OF_REPLICATION:g}."
    )


def _what(row: dict[str, Any]) -> str:
    """Event, condition and target of a cell, a line each."""
    state = "any state" if row["condition"] == "all" else f"{row['condition']} = {row['condition_value']}"
    return f"{row['event']}\n{state}\n→ {row['target']}"


_WHAT = Column("event, condition → target", form="lines")


def _figures(name: str, column: str) -> Column:
    """A column of numbers with the meaning of the table's contract."""
    return Column(name, _MEANINGS[column], "number")


_LAST = [
    _figures("q", "q_value"),
    Column("global q", "Over all symbols and timeframes: first those in which something is, then it.", "number"),
    Column("verdict", "By q.", "short"),
    Column("replicated", "Training folds whose own test confirms sign and p ≤ 0.05, of those testable.", "number"),
]


def _last(row: dict[str, Any]) -> list[str]:
    """Texts of the columns that every kind of target has."""
    verdict = row["verdict"] or NONE
    folds = f"{row['n_folds_replicated']}/{row['n_folds_testable']}" if row["n_folds_testable"] else NONE
    return [probability(row["q_value"]), probability(row["q_value_global"]), verdict.replace("_", " "), folds]


def _cost_columns(cells: pl.DataFrame) -> list[Column]:
    """The columns about costs, where the spec names a cost."""
    if cells["cost_bps"].drop_nulls().is_empty():
        return []
    return [
        _figures("break-even", "break_even"),
        Column("net bps [interval]", _MEANINGS["net_open_mean_bps"], "number"),
        Column("clears cost", _MEANINGS["clears_cost"], "short"),
    ]


def _costs(row: dict[str, Any], columns: list[Column]) -> list[str]:
    """Their texts."""
    if not columns:
        return []
    clears = yes_no(row["clears_cost"]) + (f" ({row['cost_side']})" if row["cost_side"] else "")
    between = interval(row["net_open_ci_low_bps"], row["net_open_ci_high_bps"], digits=1)
    net = f"{number(row['net_open_mean_bps'], sign='+')}\n{between}"
    return [number(row["break_even"]), net, clears]


def _binary_table(cells: pl.DataFrame) -> Table:
    """The strongest cells of binary targets."""

    def estimates(row: dict[str, Any]) -> list[str]:
        rate = f"{fraction(row['p_hat'])}\n{interval(row['ci_low'], row['ci_high'])}"
        return [rate, fraction(row["baseline"]), fraction(row["lift_freq"], sign="+")]

    columns = [_figures("p_hat [interval]", "p_hat"), _figures("baseline", "baseline"), _figures("lift", "lift_freq")]
    return _cells_table(cells, columns, estimates, _CAPTION)


def _numeric_table(cells: pl.DataFrame) -> Table:
    """The strongest cells of numeric targets."""

    def estimates(row: dict[str, Any]) -> list[str]:
        mean = f"{number(row['mean'])}\n{interval(row['mean_ci_low'], row['mean_ci_high'], digits=None)}"
        return [mean, number(row["baseline_mean"]), number(row["lift_mean"], sign="+")]

    columns = [_figures("mean [interval]", "mean"), _figures("baseline", "baseline_mean")]
    columns.append(_figures("lift", "lift_mean"))
    return _cells_table(cells, columns, estimates, f"Means in the target's unit. {_COST_NOTE}")


def _cells_table(
    cells: pl.DataFrame, columns: list[Column], estimates: Callable[[dict[str, Any]], list[str]], caption: str
) -> Table:
    """One row per cell; only the estimates in its middle depend on the kind of target."""
    costs = _cost_columns(cells)
    rows = [
        [_what(row), count(row["n"]), count(row["n_eff"]), *estimates(row), *_last(row), *_costs(row, costs)]
        for row in cells.iter_rows(named=True)
    ]
    first = [_WHAT, _figures("n", "n"), _figures("n_eff", "n_eff")]
    return Table([*first, *columns, *_LAST, *costs], rows, caption, [v or "" for v in cells["verdict"]])


SECTIONS = {20: findings_section}
