"""demo: run the whole flow on the embedded real sample, print its findings and write the reports.

Put here: the steps of the demonstration and what it prints.
Keep out: computing; every number comes from the marts.
"""

from __future__ import annotations

import argparse

from rich.console import Console

from quant_core.errors import LakeError
from quant_pipelines.cli._findings_table import plain_table
from quant_pipelines.cli._session import Session, selected
from quant_pipelines.cli.report import write_reports
from quant_pipelines.cli.seasonality import print_strongest_bins
from quant_pipelines.cli.top import print_findings
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.reading.quality_counts import quality_counts
from quant_pipelines.sources.universe import dependents

_TIMEFRAMES = "D1,W1"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The number of findings to print."""
    parser.add_argument("--rows", type=int, default=12, help="findings and seasonal bins to print (default 12)")


def command(options: argparse.Namespace, console: Console) -> int:
    """Register the symbols, run research on the sample's D1 and W1, refresh the marts, print, write the reports."""
    session = Session(console)
    console.rule("1. Symbols")
    if not session.run("register_symbols", {}, label="register_symbols", total=1):
        return 1
    keys = _sample_keys(session)
    console.print(f"Sample: {', '.join(str(key) for key in keys)}", highlight=False)
    console.rule("2. Research: sources → raw_bars → bars → features → market_stats, seasonality_profiles")
    ok = session.run_keys("research", keys)
    console.rule("3. Marts")
    ok = session.run("marts", {}, label="marts", total=1) and ok
    console.rule("4. Findings")
    print_findings(session.lake, console, limit=options.rows)
    console.rule("5. Seasonality")
    print_strongest_bins(session, console, limit=options.rows)
    console.rule("6. Quality")
    console.print(plain_table(quality_counts(session.lake), title="What the quality checks found [rows]"))
    console.rule("7. Reports")
    ok = write_reports(session, console, sorted({key.symbol for key in keys})) and ok
    console.rule("8. Where everything is")
    for line in (
        f"Lake:    {session.lake.storage.root}",
        "Reports: the HTML files above; open them in a browser, they need nothing else",
        "Web UI:  make ui          prints its address",
        "More:    qe top --help, qe seasonality --help, qe quality, qe status, qe backfill --missing",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 0 if ok else 1


def _sample_keys(session: Session) -> list[PartitionKey]:
    """The partitions of the embedded sample that are shown."""
    sample = [key for key, offer in session.sources.offers.items() if offer.source.name == "sample"]
    keys = selected([k for made in dependents(sample).values() for k in made], None, _TIMEFRAMES)
    if not keys:
        raise LakeError(
            "The source sample offers no symbol: expected it in sources.yaml. Add 'sample: {kind: sample}'."
        )
    return keys
