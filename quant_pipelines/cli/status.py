"""status: the state of every key, what is stored, and which sources are off or failing.

Put here: counts over the states, and their reasons.
Keep out: what a state is (stages/key_state.py) and repairing (backfill).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import polars as pl
from rich.console import Console

from quant_pipelines.cli._findings_table import plain_table
from quant_pipelines.cli._session import Session
from quant_pipelines.stages.key_state import STATUSES, KeyState

_MAX_LETTERS = 90


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which keys, and how much is said about each."""
    parser.add_argument("--symbols", help="comma-separated symbols (default all)")
    parser.add_argument("--explain", action="store_true", help="one line with the reason for each key not up to date")


def command(options: argparse.Namespace, console: Console) -> int:
    """Print partitions per asset, states with counts and reasons, sources that are off or failing, refused inputs."""
    session = Session(console)
    states = session.key_states("research", options.symbols.split(",") if options.symbols else None)
    made = [stage.name for stage in session.stages_of("research") if not stage.takes_in]
    stored = pl.DataFrame(
        [(name, len(session.lake.keys(name))) for name in made],
        schema={"asset": pl.String, "n_partitions": pl.Int64},
        orient="row",
    )
    console.print(plain_table(stored, title="Partitions in the lake"))
    console.print(plain_table(_by_reason(states), title="States of the keys"))
    if options.explain:
        for state in states:
            if state.status != "up_to_date":
                console.print(session.redact(f"  {state}"), markup=False, highlight=False, soft_wrap=True)
    for line in [counts_line(states), *_surroundings(session)]:
        console.print(session.redact(line), markup=False, highlight=False, soft_wrap=True)
    return 0


def counts_line(states: Sequence[KeyState]) -> str:
    """How many keys are in which state.

    >>> counts_line([])
    'Keys: 0 failed, 0 missing, 0 stale, 0 up to date, 0 not applicable'
    """
    counts = [f"{sum(s.status == status for s in states)} {status.replace('_', ' ')}" for status in STATUSES]
    return f"Keys: {', '.join(counts)}"


def _by_reason(states: Sequence[KeyState]) -> pl.DataFrame:
    """A line per state and deciding stage, with one example."""
    groups: dict[tuple[str, str], list[KeyState]] = {}
    for status in STATUSES:
        for state in (s for s in states if s.status == status):
            stage = state.deciding.stage if status in ("failed", "missing", "stale") else ""
            groups.setdefault((status.replace("_", " "), stage), []).append(state)
    rows = [
        (*place, len(found), str(found[0].key), _shortened(found[0].deciding.reason)) for place, found in groups.items()
    ]
    schema = {"state": pl.String, "stage": pl.String, "n_keys": pl.Int64, "example": pl.String, "reason": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _shortened(reason: str) -> str:
    """The start of a reason, on one line."""
    line = " ".join(reason.split())
    return line if len(line) <= _MAX_LETTERS else f"{line[:_MAX_LETTERS]}…"


def _surroundings(session: Session) -> list[str]:
    """The lake, the symbols and the sources."""
    registered, offered = session.registered_symbols(), session.sources.symbols()
    new = [symbol for symbol in offered if symbol not in set(registered)]
    gone = [symbol for symbol in registered if symbol not in set(offered)]
    return [
        f"Lake: {session.lake.storage.root}",
        f"Symbols: {len(registered)} registered",
        *([f"Not registered yet: {', '.join(new)}; run: qe launch register_symbols"] if new else []),
        *([f"Offered by no source any more: {', '.join(gone)}; see: qe symbols list"] if gone else []),
        *(f"Source {name} is off: {reason}" for name, reason in session.sources.switched_off.items()),
        *(f"Source {name} failed: {reason}" for name, reason in session.sources.failed.items()),
        *(f"Refused {what}: {reason}" for what, reason in session.sources.refused().items()),
    ]
