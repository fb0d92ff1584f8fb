"""quality: what the quality checks found, by check and partition.

Put here: printing the counts.
Keep out: choosing them (reading/quality_counts.py) and the checks (quant_core.quality).
"""

from __future__ import annotations

import argparse

from rich.console import Console

from quant_pipelines.cli._findings_table import plain_table
from quant_pipelines.cli._session import Session, listed
from quant_pipelines.reading.quality_counts import quality_counts


def add_options(parser: argparse.ArgumentParser) -> None:
    """A filter."""
    parser.add_argument("--symbols", help="comma-separated symbols (default all)")


def command(options: argparse.Namespace, console: Console) -> int:
    """Print the summary."""
    summary = quality_counts(Session(console).lake, listed(options.symbols))
    console.print(plain_table(summary, title="What the quality checks found [rows]"))
    return 0
