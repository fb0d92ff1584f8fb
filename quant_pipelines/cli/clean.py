"""clean: delete what can be made again, after asking; inputs, raw rows and everything unknown stay.

Put here: listing, asking, deleting.
Keep out: what can be made again (automation/clean_plan.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from quant_core.errors import ConfigError
from quant_pipelines.automation.clean_plan import Entry, plan_clean
from quant_pipelines.resources import PACKAGED_CONFIG, dagster_home, default_resources


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where, and whether to ask."""
    parser.add_argument("--checkout", default=".", help="folder of the project (default: this one)")
    parser.add_argument("--dry-run", action="store_true", help="list what goes and what stays, delete nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def command(options: argparse.Namespace, console: Console) -> int:
    """List, ask, delete."""
    checkout = Path(options.checkout).absolute()
    if not (checkout / "pyproject.toml").is_file():
        raise ConfigError(f"{checkout} is no checkout: expected pyproject.toml in it. Name the folder with --checkout.")
    settings = (PACKAGED_CONFIG / "dagster.yaml").read_bytes()
    plan = plan_clean(checkout, default_resources()["lake"].url, dagster_home(), settings)
    _print("Stays", plan.stays, console)
    _print("Goes", plan.goes, console)
    if options.dry_run or not plan.goes:
        console.print("Nothing was deleted.")
        return 0
    if not options.yes and not _agreed(console):
        console.print("Nothing was deleted.")
        return 1
    plan.carry_out()
    console.print("Deleted.")
    return 0


def _print(title: str, entries: Sequence[Entry], console: Console) -> None:
    """One line per entry."""
    console.print(f"{title}:" if entries else f"{title}: nothing")
    for entry in entries:
        n_files = f"{entry.n_files:,} files: " if entry.n_files else ""
        console.print(f"  {entry.place}: {n_files}{entry.reason}", markup=False, highlight=False, soft_wrap=True)


def _agreed(console: Console) -> bool:
    """True when the user types yes; without a terminal there is nobody to ask."""
    try:
        return console.input("Delete what goes? Type yes: ").strip() == "yes"
    except EOFError as error:
        raise ConfigError(
            "Nobody can be asked here: expected a terminal. Say so in a script: make clean CONFIRM=yes, or --yes."
        ) from error
