"""launch: run a job, on listed partitions where it has them.

Put here: the command line of one job.
Keep out: choosing keys by their state (backfill).
"""

from __future__ import annotations

import argparse
import importlib.resources

from rich.console import Console

from quant_pipelines.cli._session import Session
from quant_pipelines.lake.partitions import PartitionKey


def add_options(parser: argparse.ArgumentParser) -> None:
    """Job and keys."""
    # The names of their files: asking the code location takes seconds.
    folder = importlib.resources.files("quant_pipelines") / "automation" / "jobs"
    names = sorted(f.name.removesuffix(".py") for f in folder.iterdir() if f.name.endswith(".py"))
    jobs = ", ".join(name for name in names if not name.startswith("_"))
    parser.add_argument("job", help=f"{jobs}; or a stage that is made on request")
    parser.add_argument("keys", nargs="*", metavar="SYMBOL|TIMEFRAME", help="partitions, for example 'SP500|D1'")


def command(options: argparse.Namespace, console: Console) -> int:
    """Run the job here, one run per rectangle of keys."""
    session = Session(console)
    if options.keys:
        return 0 if session.run_keys(options.job, map(PartitionKey.parse, options.keys)) else 1
    return 0 if session.run(options.job, {}, label=options.job, total=1) else 1
