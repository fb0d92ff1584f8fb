"""spans: the number of bars of every partition.

Put here: printing them.
Keep out: what is missing in between (the mart coverage).
"""

from __future__ import annotations

import argparse

from rich.console import Console

from quant_pipelines.cli._session import Session


def add_options(parser: argparse.ArgumentParser) -> None:
    """A filter."""
    parser.add_argument("--symbol", help="one symbol (default all)")


def command(options: argparse.Namespace, console: Console) -> int:
    """Print one line per partition."""
    lake = Session(console).lake
    for key in lake.keys("bars"):
        if options.symbol in (None, key.symbol):
            console.print(f"{key}: {lake.read('bars', key).height} bars", markup=False)
    return 0
