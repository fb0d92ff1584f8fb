"""sources: say how everything configured in sources.yaml would be understood and delivered; no lake is touched.

Put here: the command line, and the walk over the configured sources.
Keep out: the inspection (raw/inspection.py) and how a series is shown (cli/inspect.py).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console

from quant_core.errors import QuantError, UnknownNameError
from quant_core.timeframes import Timeframe, parse_timeframe
from quant_pipelines.cli._session import Session
from quant_pipelines.cli.inspect import as_json, show
from quant_pipelines.raw.inspection import InspectedSeries, inspect_source
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.sources.contract import Source


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which sources and symbols, and how to print."""
    parser.add_argument("symbols", nargs="*", metavar="SYMBOL", help="only these (default: all; large tables are read)")
    parser.add_argument("--source", help="only this source of sources.yaml")
    parser.add_argument("--timeframes", default="", help="comma-separated coarser timeframes to make as well")
    parser.add_argument("--json", action="store_true", help="print JSON for programs instead of text")


def command(options: argparse.Namespace, console: Console) -> int:
    """Inspect every source; 0 when each was reached, nothing was refused and every series holds bars, else 1."""
    session = Session(console)
    sources = session.sources
    _check_names(sources, options.source, options.symbols)
    coarser = [parse_timeframe(t) for t in options.timeframes.split(",") if t]
    chosen = [s for s in sources.all if options.source in (None, s.name)]
    found = {source.name: list(_series(sources, source, options.symbols, coarser)) for source in chosen}
    failed = {name: session.redact(reason) for name, reason in sources.failed.items() if name in found}
    refused = {o: r for o, r in sources.refused().items() if o.partition(":")[0] in found}
    if options.json:
        console.print_json(json.dumps(_as_json(sources, found, failed, refused)))
    else:
        _show(console, sources, found, failed, refused)
    series = [s for each in found.values() for s in each]
    return 0 if series and not failed and not refused and all(len(s.bars) for s in series) else 1


def _check_names(sources: Sources, source: str | None, symbols: Sequence[str]) -> None:
    """Refuse names that nobody configured or offers.

    Raises:
        UnknownNameError: with the names there are.
    """
    names = [s.name for s in sources.all]
    if source is not None and source not in names:
        raise UnknownNameError.among("source", source, names)
    offered = sources.symbols() if symbols else []
    for symbol in symbols:
        if symbol not in offered:
            raise UnknownNameError.among("symbol", symbol, offered)


def _series(
    sources: Sources, source: Source, symbols: Sequence[str], coarser: Sequence[Timeframe]
) -> Iterator[InspectedSeries]:
    """What a source delivers of what no earlier one delivers; a failure is recorded like one of listing."""
    own = {
        key
        for key, offer in sources.offers.items()
        if offer.source is source and (not symbols or key.symbol in symbols)
    }
    if not own:
        return
    try:
        yield from inspect_source(source, coarser, own)
    except QuantError as error:
        sources.failed[source.name] = str(error)


def _as_json(
    sources: Sources, found: dict[str, list[InspectedSeries]], failed: dict[str, str], refused: dict[str, str]
) -> dict[str, Any]:
    """What programs read."""
    return {
        "sources": [
            {"name": name, "failed": failed.get(name), "series": as_json((), {}, each)["series"]}
            for name, each in found.items()
        ],
        "switched_off": sources.switched_off,
        "refused": refused,
        "passed_over": sources.passed_over,
    }


def _show(
    console: Console,
    sources: Sources,
    found: dict[str, list[InspectedSeries]],
    failed: dict[str, str],
    refused: dict[str, str],
) -> None:
    """What people read."""

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    for name, each in found.items():
        say(f"Source {name}: {failed.get(name) or f'{len(each)} series'}")
        say("")
        show(console, each, {})
    for name, reason in sources.switched_off.items():
        say(f"Source {name} is off: {reason}")
    for origin, reason in refused.items():
        say(f"Source {origin.partition(':')[0]}: {reason}")
    for line in sources.passed_over:
        say(f"Passed over {line}")
