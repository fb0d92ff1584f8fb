"""Tables of findings and quality counts for the terminal.

Put here: how rows of the marts look in a terminal.
Keep out: choosing the rows (the commands).
"""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from quant_pipelines.cli._wide_table import wide_table


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
    rows: list[list[str]] = []
    lines: list[str] = []
    for row in findings.iter_rows(named=True):
        symbol, timeframe, event, condition, target, *numbers = finding_cells(row, lift)
        rows.append([f"{symbol} {timeframe}", f"{event}, {condition} → {target}", *numbers])
        n, n_eff, outcome, baseline, difference, q, net, verdict, folds = numbers
        figures = f"n {n} (eff {n_eff})  {outcome} vs {baseline}  lift {difference}  q {q}"
        lines.append(f"{figures}  net {net}  {verdict}  {folds}")
    names = ("n", "n_eff", "outcome [ci]", "baseline", lift.replace("lift_freq", "lift"), "q", "net bp")
    return wide_table(
        ["partition", "event, condition → target", *names, "verdict", "folds"],
        rows,
        lines,
        title=title,
        caption=caption,
        width=width,
        verdicts=findings["verdict_global"].to_list(),
        left=["verdict"],
    )


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
        q_text(row["q_value_global"]),
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


def q_text(q: float | None) -> str:
    """A corrected p-value; none is 0.

    >>> q_text(0.0468), q_text(8e-6), q_text(None)
    ('0.047', '<0.001', '–')
    """
    return "<0.001" if q is not None and q < 0.0005 else _number(q)


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
