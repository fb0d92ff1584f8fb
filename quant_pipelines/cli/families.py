"""families: compare corrections for many tests where the truth is known, inside a symbol and over all of them.

Put here: options, and printing of the tables.
Keep out: running (families_run.py), what is drawn and measured (quant_core.calibration.families).
"""

from __future__ import annotations

import argparse

from rich.console import Console

from quant_core.calibration.families import FamiliesPlan
from quant_core.spec import ResearchSpec
from quant_pipelines.calibration.families_run import NULL, PLANTED, families_markdown, run_families
from quant_pipelines.cli._session import Session

_UNIVERSES, _MARKET_UNIVERSES = 400, 40


def add_options(parser: argparse.ArgumentParser) -> None:
    """Size and seed of the experiment."""
    parser.add_argument(
        "--universes", type=int, default=_UNIVERSES, help="synthetic universes per setting (default 400)"
    )
    parser.add_argument(
        "--markets", type=int, default=_MARKET_UNIVERSES, help="universes of ten simulated markets (default 40)"
    )
    parser.add_argument("--seed", type=int, default=20240229, help="seed of everything")
    parser.add_argument("--workers", type=int, default=1, help="processes; equal results for any number")


def command(options: argparse.Namespace, console: Console) -> int:
    """Run the experiment with the events, conditions and rate of the research spec and print it as markdown."""
    plan = plan_of(options, Session(console).inputs.research)
    table = run_families(plan, options.workers, Console(stderr=True).log)
    console.print(families_markdown(table), markup=False, highlight=False, soft_wrap=True)
    return 0


def plan_of(options: argparse.Namespace, research: ResearchSpec) -> FamiliesPlan:
    """The options as a plan."""
    return FamiliesPlan(
        research.market_stats,
        PLANTED,
        NULL,
        n_universes=options.universes,
        n_lab_universes=options.markets,
        seed=options.seed,
    )
