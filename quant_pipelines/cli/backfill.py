"""backfill: run exactly the keys that are missing, failed or stale, as rectangles.

Put here: the choice of keys from the command line.
Keep out: the key sets (backfill_keys.py) and running (_session.py).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

from rich.console import Console

from quant_core.errors import ConfigError, SourceError
from quant_pipelines.automation.code_location import WORKSPACE
from quant_pipelines.cli._session import Session, selected
from quant_pipelines.lake.partitions import PartitionKey, Rectangle
from quant_pipelines.stages.backfill_keys import failed_keys, missing_keys, stale_keys


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which keys, and how they run."""
    parser.add_argument("--missing", action="store_true", help="keys that lack a table in the lake")
    parser.add_argument("--failed", action="store_true", help="keys whose last run failed")
    parser.add_argument("--stale", action="store_true", help="keys whose inputs, code or spec have changed")
    parser.add_argument("--symbols", help="comma-separated symbols (default all)")
    parser.add_argument("--timeframes", help="comma-separated timeframes (default all)")
    parser.add_argument("--job", default="research", help="job to run (default research)")
    parser.add_argument("--dry-run", action="store_true", help="print the runs and start none")
    parser.add_argument("--queue", action="store_true", help="hand the runs to the daemon instead of running them here")


def command(options: argparse.Namespace, console: Console) -> int:
    """Find the keys, cover them with rectangles, run one run per rectangle."""
    if not (options.missing or options.failed or options.stale):
        raise ConfigError("Nothing to look for: expected --missing, --failed or --stale (any of them together).")
    session = Session(console)
    keys = _keys(session, options)
    runs = session.planned_runs(options.job, keys)
    console.print(f"{len(keys)} keys in {len(runs)} runs of job {options.job}.", highlight=False)
    if options.dry_run:
        for rectangle, _ in runs:
            console.print(f"  {rectangle.keys[0]} … {rectangle.keys[-1]}: {len(rectangle.keys)} keys", highlight=False)
        return 0
    if options.queue:
        return _queue(options.job, runs, console)
    return 0 if session.run_keys(options.job, keys) else 1


def _keys(session: Session, options: argparse.Namespace) -> list[PartitionKey]:
    """The union of the asked key sets, within the registered symbols and the filters."""
    symbols = session.registered_symbols()
    universe = [key for key in session.universe() if key.symbol in set(symbols)]
    keys: set[PartitionKey] = set()
    stages = session.stages_of(options.job)
    if options.missing:
        keys |= missing_keys(session.inputs, stages, universe)
    if options.stale:
        keys |= stale_keys(session.inputs, stages, universe)
    if options.failed:
        keys |= failed_keys(session.instance, stages, symbols) & set(universe)
    return selected(sorted(keys), options.symbols, options.timeframes)


def _queue(job: str, runs: Sequence[tuple[Rectangle, Mapping[str, str]]], console: Console) -> int:
    """Submit the runs to the instance's queue; a running daemon starts them."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as workspace:
        workspace.write(WORKSPACE)
        workspace.flush()
        for rectangle, tags in runs:
            launch = [sys.executable, "-m", "dagster", "job", "launch", "-w", workspace.name, "-j", job]
            done = subprocess.run(  # noqa: S603  our own command, no shell
                [*launch, "--tags", json.dumps(dict(tags))], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise SourceError(f"Run {rectangle.keys[0]} … could not be queued: {done.stderr.strip()[-400:]}")
            console.print(f"queued {rectangle.keys[0]} … {rectangle.keys[-1]}", highlight=False)
    return 0
