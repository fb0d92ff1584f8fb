"""details: open one cell of market_stats: its event bars and their outcomes.

Put here: naming the cell on the command line and printing the first bars.
Keep out: finding the bars (quant_core.market_stats.details) and writing them (assets/stats_details.py).
"""

from __future__ import annotations

import argparse

import polars as pl
from rich.console import Console

from quant_core.market_stats.details import CellName
from quant_pipelines.assets.stats_details import run_config_of
from quant_pipelines.cli._findings_table import plain_table
from quant_pipelines.cli._session import Session
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey

_SHOWN = ("ts", "ts_close", "bar_fold", "value", "observed")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Partition and cell."""
    parser.add_argument("symbol", metavar="SYMBOL", help="for example SP500")
    parser.add_argument("timeframe", metavar="TIMEFRAME", help="for example D1")
    parser.add_argument("--event", required=True, help="id of the event, for example 'k_consecutive(window_bars=3)'")
    parser.add_argument("--target", required=True, help="id of the target, for example up_next_bar")
    parser.add_argument("--condition", default="all", help="id of the condition (default all: the event without one)")
    parser.add_argument("--value", default="all", help="state of the condition (default all)")
    parser.add_argument("--fold", type=int, default=-1, help="fold (default -1: the tests of all folds pooled)")
    parser.add_argument("--split", help="train or test of a fold (default test; oos_pooled for fold -1)")
    parser.add_argument("--rows", type=int, default=10, help="bars to print (default 10)")


def command(options: argparse.Namespace, console: Console) -> int:
    """Write the cell's bars to the lake, print the first of them and say where the file lies."""
    key = PartitionKey(options.symbol, options.timeframe)
    split = options.split or ("oos_pooled" if options.fold == -1 else "test")
    cell = CellName(options.event, options.target, options.condition, options.value, options.fold, split)
    session = Session(console)
    if not session.run_keys("stats_details", [key], run_config_of([cell])):
        return 1
    print_details(session.lake, key, console, rows=options.rows)
    return 0


def print_details(lake: Lake, key: PartitionKey, console: Console, *, rows: int) -> None:
    """What the cell counts, its first bars, and the file that holds all of them."""
    details = lake.read("stats_details", key)
    title = f"{key}: no event bar of the cell has an observable outcome"
    if details.height:
        cell = details.row(0, named=True)
        state = "all" if cell["condition"] == "all" else f"{cell['condition']} = {cell['condition_value']}"
        what = f"{cell['event']}, {state} → {cell['target']}, {cell['split']} of fold {cell['fold']}"
        title = f"{key}: {what}\n{_summary(details)}; the first {min(rows, details.height)}"
    console.print(plain_table(details.select(_SHOWN).head(rows), title=title))
    console.print(f"All of them: {lake.location('stats_details', key)}", highlight=False, soft_wrap=True)


def _summary(details: pl.DataFrame) -> str:
    """The cell's counts, from its bars."""
    n, values = details.height, details["value"]
    kind = details["target_kind"][0]
    if kind == "binary":
        return f"n {n:,}, successes {int(values.sum()):,}, rate {values.mean():.3f}"
    if kind == "numeric":
        return f"n {n:,}, mean {values.mean():.6f}, median {values.median():.6f}"
    return f"n {n:,}, of them censored {int((~details['observed']).sum()):,}"
