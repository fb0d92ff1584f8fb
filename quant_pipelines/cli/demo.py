"""demo: run the whole flow on the embedded real sample and print its findings.

Put here: the steps of the demonstration and what it prints.
Keep out: computing; every number comes from the marts.
"""

from __future__ import annotations

import argparse

from rich.console import Console

from quant_core.errors import LakeError
from quant_pipelines.cli._findings_table import plain_table
from quant_pipelines.cli._session import Session, selected
from quant_pipelines.cli.quality import quality_summary
from quant_pipelines.cli.top import print_findings
from quant_pipelines.universe import dependents

_TIMEFRAMES = "D1,W1"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The number of findings to print."""
    parser.add_argument("--rows", type=int, default=15, help="findings to print (default 15)")


def command(options: argparse.Namespace, console: Console) -> int:
    """Register the symbols, run research on the sample's D1 and W1, refresh the marts, print."""
    session = Session(console)
    console.rule("1. Symbols")
    if not session.run("register_symbols", {}, label="register_symbols", total=1):
        return 1
    sample = [key for key, offer in session.sources.offers.items() if offer.source.name == "sample"]
    keys = selected([k for made in dependents(sample).values() for k in made], None, _TIMEFRAMES)
    if not keys:
        raise LakeError(
            "The source sample offers no symbol: expected it in sources.yaml. Add 'sample: {kind: sample}'."
        )
    console.print(f"Sample: {', '.join(str(key) for key in keys)}", highlight=False)
    console.rule("2. Research: sources → raw_bars → bars → features → market_stats")
    ok = session.run_keys("research", keys)
    console.rule("3. Marts")
    ok = session.run("marts", {}, label="marts", total=1) and ok
    console.rule("4. Findings")
    print_findings(session.lake, console, limit=options.rows)
    console.rule("5. Quality")
    console.print(plain_table(quality_summary(session.lake), title="What the quality checks found [rows]"))
    console.rule("6. Where everything is")
    console.print(f"Lake:    {session.lake.storage.root}", highlight=False, soft_wrap=True)
    console.print("Web UI:  make ui          then open http://127.0.0.1:3000", highlight=False, soft_wrap=True)
    console.print(
        "More:    qe top --help, qe quality, qe status, qe backfill --missing", highlight=False, soft_wrap=True
    )
    return 0 if ok else 1
