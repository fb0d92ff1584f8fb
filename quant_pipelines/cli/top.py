"""top: the strongest findings over all symbols and timeframes.

Put here: what the columns mean and how findings are introduced.
Keep out: choosing them (reading/findings.py) and ranking (sql/marts/mart__market_stats_top.sql).
"""

from __future__ import annotations

import argparse

from rich.console import Console

from quant_pipelines.cli._findings_table import findings_view
from quant_pipelines.cli._session import Session, listed
from quant_pipelines.lake.lake import Lake
from quant_pipelines.reading.findings import RANKS, Findings, Order, strongest_findings

_CAPTION = (
    "n: event bars; n_eff: independent observations they amount to; [ci]: Wilson interval on n_eff; baseline: rate "
    "over all bars; q: corrected for the tests of all symbols, timeframes and folds; break-even: hit rate "
    "that pays the spec's cost, and whether the cell clears it (with or against the target's direction, no, ?: too "
    "small); replicated: training folds whose own test confirms sign and p <= 0.05, of those testable. "
    "Fractions, never percent."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Order and filters."""
    parser.add_argument("--limit", "--rows", type=int, default=25, help="findings to print (default 25)")
    parser.add_argument(
        "--by",
        choices=tuple(RANKS),
        default="q_value",
        help="smallest corrected q-value (default), or largest lift in absolute value: observed or Bayesian",
    )
    parser.add_argument("--significant", action="store_true", help="only findings significant over all symbols")
    parser.add_argument("--symbols", help="comma-separated symbols (default all)")
    parser.add_argument("--timeframes", help="comma-separated timeframes (default all)")
    parser.add_argument("--split", choices=("oos_pooled", "train"), default="oos_pooled", help="default oos_pooled")


def command(options: argparse.Namespace, console: Console) -> int:
    """Print the strongest findings of the mart."""
    print_findings(
        Session(console).lake,
        console,
        limit=options.limit,
        by=options.by,
        significant_only=options.significant,
        symbols=options.symbols,
        timeframes=options.timeframes,
        split=options.split,
    )
    return 0


def print_findings(
    lake: Lake,
    console: Console,
    *,
    limit: int,
    by: Order = "q_value",
    significant_only: bool = False,
    symbols: str | None = None,
    timeframes: str | None = None,
    split: str = "oos_pooled",
) -> None:
    """Print the first rows of the mart's binary findings, and how many cells were tested in all."""
    found = strongest_findings(
        lake,
        by=by,
        split=split,
        significant_only=significant_only,
        symbols=listed(symbols),
        timeframes=listed(timeframes),
    )
    counts = ", ".join(f"{n:,} {verdict or 'not tested'}" for verdict, n in found.n_by_verdict.items())
    sample = "out of sample" if split == "oos_pooled" else split
    title = f"Strongest by {by} of {found.n_cells:,} cells ({sample}): {counts or 'none'}"
    lift = "lift_bayes" if by == "lift_bayes" else "lift_freq"
    console.print(_reach(found), highlight=False)
    console.print(findings_view(found.rows.head(limit), title=title, caption=_CAPTION, width=console.width, lift=lift))


def _reach(found: Findings) -> str:
    """How many of the tested cells could have been found at all, and at which lifts."""
    if found.median_mde is None:
        return f"Of {found.n_tested:,} tested cells none could have been found at all: more bars or fewer tests needed."
    return (
        f"Of {found.n_tested:,} tested cells {found.n_detectable:,} could have been found at all (the others not even "
        f"at certain outcomes); half of these would show lifts of {found.median_mde:.3f} or less at the spec's power, "
        "as the only discovery of their family."
    )
