"""backfill: run exactly the keys that are missing, failed or stale, as rectangles.

Put here: the choice of keys from the command line.
Keep out: the states of keys (stages/key_state.py) and running (_session.py).
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
from quant_pipelines.lake.partitions import Rectangle
from quant_pipelines.stages.key_state import KeyState


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which keys, and how they run."""
    parser.add_argument("--missing", action="store_true", help="keys that lack a table in the lake")
    parser.add_argument("--failed", action="store_true", help="keys whose last run failed, so that they lack something")
    parser.add_argument("--stale", action="store_true", help="keys whose inputs, code or spec have changed")
    parser.add_argument("--explain", action="store_true", help="say of each key which stage and what the reason is")
    parser.add_argument("--symbols", help="comma-separated symbols (default all)")
    parser.add_argument("--timeframes", help="comma-separated timeframes (default all)")
    parser.add_argument("--job", default="research", help="job to run (default research)")
    parser.add_argument("--dry-run", action="store_true", help="print the runs and start none")
    parser.add_argument("--queue", action="store_true", help="hand the runs to the daemon instead of running them here")


def command(options: argparse.Namespace, console: Console) -> int:
    """Find the keys by their state, cover them with rectangles, run one run per rectangle."""
    if not (options.missing or options.failed or options.stale):
        raise ConfigError("Nothing to look for: expected --missing, --failed or --stale (any of them together).")
    session = Session(console)
    states = _states(session, options)
    keys = [state.key for state in states]
    runs = session.planned_runs(options.job, keys)
    console.print(f"{len(keys)} keys in {len(runs)} runs of job {options.job}.", highlight=False)
    if options.explain:
        for state in states:
            console.print(session.redact(f"  {state}"), markup=False, highlight=False, soft_wrap=True)
    if options.dry_run:
        for rectangle, _ in runs:
            console.print(f"  {rectangle.keys[0]} … {rectangle.keys[-1]}: {len(rectangle.keys)} keys", highlight=False)
        return 0
    if options.queue:
        return _queue(options.job, runs, console)
    return 0 if session.run_keys(options.job, keys) else 1


def _states(session: Session, options: argparse.Namespace) -> list[KeyState]:
    """The keys in one of the asked states, within the filters."""
    wanted = {status for status in ("missing", "failed", "stale") if getattr(options, status)}
    states = session.key_states(options.job, options.symbols.split(",") if options.symbols else None)
    within = set(selected([state.key for state in states], options.symbols, options.timeframes))
    return [state for state in states if state.status in wanted and state.key in within]


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
