"""status: what is registered, stored and missing.

Put here: counts over the lake and the instance.
Keep out: repairing (backfill).
"""

from __future__ import annotations

import argparse

import polars as pl
from rich.console import Console

from quant_pipelines.cli._findings_table import plain_table
from quant_pipelines.cli._session import Session
from quant_pipelines.stages.backfill_keys import failed_keys, missing_keys


def add_options(parser: argparse.ArgumentParser) -> None:
    """No option."""


def command(options: argparse.Namespace, console: Console) -> int:
    """Print partitions per asset, sources that are off or failing, and refused inputs."""
    session = Session(console)
    universe = session.universe()
    symbols = session.registered_symbols()
    stored = [
        (stage.name, len(session.lake.keys(stage.name)))
        for stage in session.stages_of("research")
        if not stage.takes_in
    ]
    table = pl.DataFrame(stored, schema={"asset": pl.String, "n_partitions": pl.Int64}, orient="row")
    console.print(plain_table(table.with_columns(n_possible=pl.lit(len(universe))), title="Partitions in the lake"))
    missing = missing_keys(session.inputs, session.stages_of("research"), universe)
    failed = failed_keys(session.instance, session.stages, symbols)
    lines = [
        f"Lake: {session.lake.storage.root}",
        f"Symbols: {len(symbols)} registered",
        f"Missing: {len(missing)} keys; failed in their last run: {len(failed)} keys",
        *(f"Source {name} is off: {reason}" for name, reason in session.sources.switched_off.items()),
        *(f"Source {name} failed: {reason}" for name, reason in session.sources.failed.items()),
        *(f"Refused {what}: {reason}" for what, reason in session.sources.refused().items()),
    ]
    for line in lines:
        console.print(session.redact(line), markup=False, highlight=False, soft_wrap=True)
    return 0
