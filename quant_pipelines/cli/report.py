"""report: write the HTML reports of symbols and say where they are.

Put here: which symbols, and printing of the paths.
Keep out: the pages (report/) and running (report_run.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console

from quant_core.errors import ConfigError, LakeError
from quant_core.symbols import check_symbol
from quant_pipelines.cli._session import Session
from quant_pipelines.lake.partitions import plan_symbol_ranges
from quant_pipelines.report import report_path, reportable_symbols


def add_options(parser: argparse.ArgumentParser) -> None:
    """Symbols."""
    parser.add_argument("symbols", nargs="*", metavar="SYMBOL", help="symbols, for example SP500")
    parser.add_argument("--all", action="store_true", help="every registered symbol with bars in the lake")


def command(options: argparse.Namespace, console: Console) -> int:
    """Run the job report over the symbols and print the files."""
    session = Session(console)
    if options.all == bool(options.symbols):
        raise ConfigError("Which reports? Expected one or more symbols, or --all; for example: qe report SP500")
    symbols = [check_symbol(symbol) for symbol in options.symbols]
    if options.all:
        registered = set(session.registered_symbols())
        symbols = [symbol for symbol in reportable_symbols(session.lake) if symbol in registered]
        if not symbols:
            raise LakeError(
                f"No symbol with bars is registered and in the lake at {session.lake.url}: expected at least one. "
                "Run: qe launch register_symbols, then the job research."
            )
    return 0 if write_reports(session, console, symbols) else 1


def write_reports(session: Session, console: Console, symbols: Sequence[str]) -> bool:
    """Run the job over the symbols, one run per range, and print where the files are; True when all succeeded."""
    ranges = plan_symbol_ranges(symbols, session.registered_symbols())
    results = [
        session.run("report", tags, label=f"report {part[0]} … {part[-1]}", total=len(part)) for part, tags in ranges
    ]
    for symbol in symbols:
        path = report_path(symbol)
        if session.lake.storage.exists(path):
            console.print(
                f"Report:  {session.lake.storage.locate(path)}", markup=False, highlight=False, soft_wrap=True
            )
    return all(results)
