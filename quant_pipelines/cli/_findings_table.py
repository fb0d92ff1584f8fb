"""Tables of findings and quality counts for the terminal.

Put here: how rows of the marts look in a terminal.
Keep out: choosing the rows (the commands).
"""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.markup import escape
from rich.table import Table

_VERDICT_STYLE = {"significant": "bold green", "not_significant": "dim", "insufficient": "yellow"}


def findings_table(findings: pl.DataFrame, *, title: str, caption: str) -> Table:
    """One line per finding: what, how often, interval, against which baseline, and the verdict.

    Args:
        findings: rows of ``mart__market_stats_top`` in the order to be shown.
        title: what was selected.
        caption: what the columns mean.
    """
    table = Table(
        title=escape(title), caption=escape(caption), title_justify="left", caption_justify="left", header_style="bold"
    )
    for name in ("symbol", "tf", "event", "condition", "target"):
        table.add_column(name, overflow="fold")
    for name in ("n", "n_eff", "p_hat [ci]", "baseline", "lift", "q"):
        table.add_column(escape(name), justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("replicated", justify="right", no_wrap=True)
    for row in findings.iter_rows(named=True):
        table.add_row(*map(escape, finding_cells(row)), style=_VERDICT_STYLE.get(row["verdict_global"], ""))
    return table


def finding_cells(row: dict[str, Any]) -> list[str]:
    """The texts of one finding; a dash stands for null.

    >>> finding_cells({"symbol": "S", "timeframe": "D1", "event": "e", "condition": "all", "condition_value": "all",
    ...                "target": "t", "n": 1200, "n_eff": 800.4, "p_hat": 0.5, "ci_low": 0.45, "ci_high": 0.55,
    ...                "baseline": 0.53, "lift_freq": -0.03, "q_value_global": None,
    ...                "verdict_global": "insufficient", "n_folds_testable": 4, "n_folds_replicated": 1})[5:]
    ['1,200', '800', '0.500 [0.450, 0.550]', '0.530', '-0.030', '–', 'insufficient', '1/4']
    """
    condition = "all" if row["condition"] == "all" else f"{row['condition']} = {row['condition_value']}"
    interval = f"{_number(row['p_hat'])} [{_number(row['ci_low'])}, {_number(row['ci_high'])}]"
    return [
        row["symbol"],
        row["timeframe"],
        row["event"],
        condition,
        row["target"],
        f"{row['n']:,}",
        "–" if row["n_eff"] is None else f"{row['n_eff']:,.0f}",
        interval,
        _number(row["baseline"]),
        _number(row["lift_freq"], sign="+"),
        _number(row["q_value_global"]),
        row["verdict_global"],
        f"{row['n_folds_replicated']}/{row['n_folds_testable']}" if row["n_folds_testable"] else "–",
    ]


def _number(value: float | None, sign: str = "") -> str:
    return "–" if value is None else f"{value:{sign}.3f}"


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
