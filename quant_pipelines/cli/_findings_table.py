"""Tables of findings and quality counts for the terminal.

Put here: how rows of the marts look in a terminal.
Keep out: choosing the rows (the commands).
"""

from __future__ import annotations

from typing import Any

import polars as pl
from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

_WHAT_WIDTH = 40
"""Characters that the one column which may wrap has at least."""
VERDICT_STYLE = {
    "significant": "bold green",
    "not_significant": "dim",
    "underpowered": "magenta",
    "insufficient": "yellow",
}


def findings_view(
    findings: pl.DataFrame, *, title: str, caption: str, width: int, lift: str = "lift_freq"
) -> RenderableType:
    """The findings as a table where the terminal is wide enough for one, else as two lines each.

    Args:
        findings: rows of ``mart__market_stats_top`` in the order to be shown.
        title: what was selected.
        caption: what the columns mean.
        width: of the terminal, in characters.
        lift: column shown as the lift.
    """
    table = _findings_table(findings, title, caption, lift)
    # Rich cuts columns that do not fit, and half a number is a wrong one.
    if Console(width=1000).measure(table).minimum <= width:
        return table
    lines = [Text(title, style="italic")]
    for row in findings.iter_rows(named=True):
        what, numbers = _finding_lines(row, lift)
        lines += [Text(what, style="bold"), Text(numbers, style=VERDICT_STYLE.get(row["verdict_global"], ""))]
    return Group(*lines, Text(caption, style="dim italic"))


def _findings_table(findings: pl.DataFrame, title: str, caption: str, lift: str) -> Table:
    """One row per finding: what in one column that may wrap, the numbers beside it."""
    table = Table(
        title=escape(title),
        caption=escape(caption),
        title_justify="left",
        caption_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("partition", no_wrap=True)
    table.add_column("event, condition → target", overflow="fold", min_width=_WHAT_WIDTH)
    for name in ("n", "n_eff", "outcome [ci]", "baseline", lift.replace("lift_freq", "lift"), "q"):
        table.add_column(escape(name), justify="right", no_wrap=True)
    table.add_column("net bp", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("folds", justify="right", no_wrap=True)
    for row in findings.iter_rows(named=True):
        symbol, timeframe, event, condition, target, *numbers = finding_cells(row, lift)
        what = f"{event}, {condition} → {target}"
        cells = (f"{symbol} {timeframe}", what, *numbers)
        table.add_row(*map(escape, cells), style=VERDICT_STYLE.get(row["verdict_global"], ""))
    return table


def _finding_lines(row: dict[str, Any], lift_column: str) -> tuple[str, str]:
    """A finding in two lines: what, then the numbers."""
    symbol, timeframe, event, condition, target, *numbers = finding_cells(row, lift_column)
    n, n_eff, rate, baseline, lift, q, net, verdict, folds = numbers
    what = f"{symbol} {timeframe}  {event}, {condition} → {target}"
    figures = f"    n {n} (eff {n_eff})  {rate} vs {baseline}  lift {lift}  q {q}"
    return what, f"{figures}  net {net}  {verdict}  {folds}"


def finding_cells(row: dict[str, Any], lift: str = "lift_freq") -> list[str]:
    """The texts of one finding; a dash stands for null. Means have three digits and a sign, rates three decimals.

    >>> finding_cells({"symbol": "S", "timeframe": "D1", "event": "e", "condition": "all", "condition_value": "all",
    ...                "target": "t", "target_kind": "binary", "n": 1200, "n_eff": 800.4,
    ...                "p_hat": 0.5, "ci_low": 0.45, "ci_high": 0.55,
    ...                "baseline": 0.53, "lift_freq": -0.03, "q_value_global": None, "net_best_bps": 3.21,
    ...                "clears_cost": True, "net_best_side": "against",
    ...                "verdict_global": "insufficient", "n_folds_testable": 4, "n_folds_replicated": 1})[5:]
    ['1,200', '800', '0.500 [0.450, 0.550]', '0.530', '-0.030', '–', '+3.2 against: yes', 'insufficient', '1/4']
    """
    condition = "all" if row["condition"] == "all" else f"{row['condition']} = {row['condition_value']}"
    if row["target_kind"] == "numeric":
        low, high, estimate, difference = (row[c] for c in ("mean_ci_low", "mean_ci_high", "mean", "lift_mean"))
        baseline, form = None if difference is None else estimate - difference, "+.3g"
    else:
        low, high, estimate, difference = (row[c] for c in ("ci_low", "ci_high", "p_hat", lift))
        baseline, form = row["baseline"], ".3f"
    interval = f"{_number(estimate, form)} [{_number(low, form)}, {_number(high, form)}]"
    return [
        row["symbol"],
        row["timeframe"],
        row["event"],
        condition,
        row["target"],
        f"{row['n']:,}",
        "–" if row["n_eff"] is None else f"{row['n_eff']:,.0f}",
        interval,
        _number(baseline, form),
        _number(difference, f"+{form.lstrip('+')}"),
        _number(row["q_value_global"]),
        _cost(row),
        row["verdict_global"] or "not tested",
        f"{row['n_folds_replicated']}/{row['n_folds_testable']}" if row["n_folds_testable"] else "–",
    ]


def _cost(row: dict[str, Any]) -> str:
    """What the better side leaves, and whether it pays; a question mark where the cell is too small to say."""
    if row["net_best_bps"] is None:
        return "–"
    pays = {None: "?", True: "yes"}.get(row["clears_cost"], "no")
    return f"{row['net_best_bps']:+.1f} {row['net_best_side']}: {pays}"


def _number(value: float | None, form: str = ".3f") -> str:
    return "–" if value is None else f"{value:{form}}"


def plain_table(frame: pl.DataFrame, *, title: str) -> Table:
    """Any small frame: text left, numbers right, a dash for null."""
    table = Table(title=escape(title), title_justify="left", header_style="bold")
    for name, dtype in frame.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left")
    for row in frame.iter_rows():
        table.add_row(*(escape(_text(value)) for value in row))
    return table


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
