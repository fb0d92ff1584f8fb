"""quality: what the quality checks found, by check and partition.

Put here: the summary of mart__quality.
Keep out: the checks (quant_core.quality).
"""

from __future__ import annotations

import argparse

import polars as pl
from rich.console import Console

from quant_pipelines.cli._findings_table import plain_table
from quant_pipelines.cli._session import Session
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.query import read_mart


def add_options(parser: argparse.ArgumentParser) -> None:
    """A filter."""
    parser.add_argument("--symbols", help="comma-separated symbols (default all)")


def command(options: argparse.Namespace, console: Console) -> int:
    """Print the summary."""
    summary = quality_summary(Session(console).lake, options.symbols)
    console.print(plain_table(summary, title="What the quality checks found [rows]"))
    return 0


def quality_summary(lake: Lake, symbols: str | None = None) -> pl.DataFrame:
    """One row per partition and check that found something; a partition without findings has a row that says so."""
    mart = read_mart("mart__quality", lake)
    if symbols:
        mart = mart.filter(pl.col("symbol").is_in(symbols.split(",")))
    found = mart.filter(pl.col("n_rows") > 0).select("symbol", "timeframe", "check", "severity", "n_rows", "share")
    clean = mart.select("symbol", "timeframe").unique().join(found, on=["symbol", "timeframe"], how="anti")
    quiet = clean.with_columns(
        check=pl.lit("nothing found"), severity=pl.lit(""), n_rows=pl.lit(0, pl.Int64), share=pl.lit(0.0)
    )
    return pl.concat([found, quiet]).sort("symbol", "timeframe", "check")
