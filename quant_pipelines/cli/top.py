"""top: the strongest findings over all symbols and timeframes.

Put here: what the columns mean and how findings are introduced.
Keep out: choosing them (reading/findings.py) and ranking (sql/marts/mart__market_stats_top.sql).
"""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console

from quant_pipelines.cli._findings_table import findings_view
from quant_pipelines.cli._session import Session, listed
from quant_pipelines.lake.lake import Lake
from quant_pipelines.marts.sentences import finding_sentence, headline
from quant_pipelines.reading.findings import RANKS, Findings, Order, strongest_findings

_CAPTION = (
    "n: event bars; n_eff: independent observations they amount to; outcome: share of true outcomes, or mean outcome "
    "where it has a sign, with its interval; baseline: the same over all bars; q: corrected for the tests of {scope}, "
    "rates and means apart; net: basis points that a trade entered at the next open leaves after the spec's cost, on "
    "its better side (with or against the target's direction), and whether it pays: yes, no, ? where the cell is too "
    "small; folds: training folds whose own test confirms sign and p <= 0.05, of those testable. Fractions, never "
    "percent, but in the sentences."
)
_ORDERS: dict[str, Order] = {"q": "q_value", "lift": "lift_freq", **{name: name for name in RANKS}}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Order and filters."""
    parser.add_argument("--limit", "--rows", type=int, default=25, help="findings to print (default 25)")
    parser.add_argument(
        "--by",
        choices=tuple(_ORDERS),
        default="q",
        help="q: smallest corrected q-value (default); lift, lift_bayes: largest lift in absolute value, observed or "
        "Bayesian; net: largest net of the trade's better side",
    )
    parser.add_argument("--event", help="id of the event; a bare name stands for every parameter")
    parser.add_argument("--condition", help="id of the condition, or all for events without one")
    parser.add_argument("--target", help="id of the target")
    parser.add_argument("--clears-cost", action="store_true", help="only findings whose trade clears the spec's cost")
    parser.add_argument(
        "--significant",
        action="store_true",
        help="only significant findings: over all symbols, or in the one asked for",
    )
    parser.add_argument("--symbols", help="comma-separated symbols (default all)")
    parser.add_argument("--timeframes", help="comma-separated timeframes (default all)")
    parser.add_argument("--split", choices=("oos_pooled", "train"), default="oos_pooled", help="default oos_pooled")


def command(options: argparse.Namespace, console: Console) -> int:
    """Print the strongest findings of the mart."""
    print_findings(
        Session(console).lake,
        console,
        limit=options.limit,
        by=_ORDERS[options.by],
        significant_only=options.significant,
        clears_cost_only=options.clears_cost,
        symbols=options.symbols,
        timeframes=options.timeframes,
        split=options.split,
        event=options.event,
        condition=options.condition,
        target=options.target,
    )
    return 0


def print_findings(
    lake: Lake,
    console: Console,
    *,
    limit: int,
    by: Order = "q_value",
    split: str = "oos_pooled",
    symbols: str | None = None,
    timeframes: str | None = None,
    **asked: Any,
) -> None:
    """Print how many findings there are and how many pay, then the first of them as a table and as sentences.

    Args:
        lake: where the mart is.
        console: to print on.
        limit: findings to print.
        by: as of ``strongest_findings``.
        split: as of ``strongest_findings``.
        symbols: comma-separated.
        timeframes: comma-separated.
        asked: further choices of ``strongest_findings``.
    """
    found = strongest_findings(
        lake, by=by, split=split, symbols=listed(symbols), timeframes=listed(timeframes), **asked
    )
    significant = found.n_by_verdict.get("significant", 0)
    pay = headline(significant, found.n_tested, found.n_paying, has_cost=found.has_cost)
    console.print(pay, style="bold", highlight=False, soft_wrap=True)
    counts = ", ".join(f"{n:,} {verdict or 'not tested'}" for verdict, n in found.n_by_verdict.items())
    sample = "out of sample" if split == "oos_pooled" else split
    title = f"Strongest by {by} of {found.n_cells:,} cells ({sample}), questions: {counts or 'none'}"
    lift = "lift_bayes" if by == "lift_bayes" else "lift_freq"
    shown = found.rows.head(limit)
    console.print(_reach(found), highlight=False)
    console.print(
        findings_view(shown, title=title, caption=_CAPTION.format(scope=found.scope), width=console.width, lift=lift)
    )
    for row in shown.iter_rows(named=True):
        place = f"{row['symbol']} {row['timeframe']}"
        also = f" Same question: {'; '.join(row['twins'])}." if row["twins"] else ""
        console.print(f"{place}: {finding_sentence(row)}{also}", markup=False, highlight=False)


def _reach(found: Findings) -> str:
    """How many of the tested questions could have been found at all, and at which lifts."""
    tested = f"Of {found.n_tested:,} tested questions"
    if not found.n_detectable:
        return f"{tested} none could have been found at all: more bars or fewer tests."
    others = found.n_tested - found.n_detectable
    beyond = f" (the other {others:,} not even at certain outcomes)" if others else ""
    reach = f"{tested} {found.n_detectable:,} could have been found at all{beyond}"
    if found.median_mde is None:
        return f"{reach}."
    return (
        f"{reach}; half of those about rates would show lifts of {found.median_mde:.3f} or less at the spec's power, "
        "as the only discovery of their family."
    )
