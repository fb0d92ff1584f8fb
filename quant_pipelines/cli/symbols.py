"""symbols: list the registered symbols with the states of their keys, or take some off the list.

Put here: the list of symbols as Dagster knows it, beside what the sources offer.
Keep out: registering (the job register_symbols) and data: nothing in the lake is ever removed here.
"""

from __future__ import annotations

import argparse

import polars as pl
from rich.console import Console

from quant_core.errors import UnknownNameError
from quant_pipelines.cli._findings_table import plain_table
from quant_pipelines.cli._session import Session
from quant_pipelines.lake.partitions import SYMBOLS
from quant_pipelines.stages.key_state import STATUSES


def add_options(parser: argparse.ArgumentParser) -> None:
    """What to do, and with which symbols."""
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION", dest="action")
    actions.add_parser("list", help="source, native timeframes and states of every registered symbol")
    remove = actions.add_parser("rm", help="take symbols off the list; data in the lake stay")
    remove.add_argument("symbols", nargs="+", metavar="SYMBOL")


def command(options: argparse.Namespace, console: Console) -> int:
    """List or remove."""
    session = Session(console)
    if options.action == "list":
        return _list(session, console)
    return _remove(session, options.symbols, console)


def _list(session: Session, console: Console) -> int:
    """One line per symbol, in the order of registration."""
    states = session.key_states("research")
    stored = session.inputs.raw_store.keys()
    rows: list[tuple[object, ...]] = []
    for symbol in session.registered_symbols():
        offers = {key: offer for key, offer in session.sources.offers.items() if key.symbol == symbol}
        natives = [k.timeframe for k in dict.fromkeys([*offers, *(k for k in stored if k.symbol == symbol)])]
        own = [state.status for state in states if state.key.symbol == symbol]
        sources = ", ".join(dict.fromkeys(o.source.name for o in offers.values())) or "none any more"
        rows.append((symbol, sources, ", ".join(natives), *(own.count(status) for status in STATUSES)))
    schema = {"symbol": pl.String, "source": pl.String, "native": pl.String, **dict.fromkeys(STATUSES, pl.Int64)}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    n_keys = pl.sum_horizontal(status for status in STATUSES if status != "not_applicable")
    console.print(
        plain_table(
            table.select("symbol", "source", "native", n_keys.alias("n_keys"), *STATUSES), title="Registered symbols"
        )
    )
    new = [s for s in session.sources.symbols() if s not in set(session.registered_symbols())]
    if new:
        text = f"Offered, not registered: {', '.join(new)}; run: qe launch register_symbols"
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    return 0


def _remove(session: Session, symbols: list[str], console: Console) -> int:
    """Remove the partitions of symbols, and say what stays."""
    registered = session.registered_symbols()
    for symbol in symbols:
        if symbol not in registered:
            raise UnknownNameError.among("registered symbol", symbol, registered)
    for symbol in dict.fromkeys(symbols):
        session.instance.delete_dynamic_partition(str(SYMBOLS.name), symbol)
        kept = [f"{len(keys)} of {table}" for table, keys in _stored(session, symbol).items() if keys]
        lines = [
            f"{symbol} is no partition any more.",
            f"  stays in the lake at {session.lake.storage.root}: partitions {', '.join(kept) or 'none'}; "
            "runs and events stay, too",
        ]
        offering = [o.source.name for key, o in session.sources.offers.items() if key.symbol == symbol]
        if offering:
            lines.append(
                f"  source {offering[0]} still offers it: the job register_symbols, and the sensor new_data when its "
                "data change, register it again"
            )
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 0


def _stored(session: Session, symbol: str) -> dict[str, list[object]]:
    """Table → the partitions of a symbol that the lake holds."""
    tables = {stage.name: session.lake.keys(stage.name) for stage in session.stages if not stage.takes_in}
    found = {"raw_bars": session.inputs.raw_store.keys(), **tables}
    return {name: [key for key in keys if getattr(key, "symbol", None) == symbol] for name, keys in found.items()}
