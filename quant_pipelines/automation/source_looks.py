"""Source looks: what every source has now, beside what of it is taken in; asked within a budget of time.

Put here: asking the sources, whose turn it is where there is no time for all, and what a failing one costs.
Keep out: what follows from it (sources/new_data.py), and what runs have answered (answered_data.py).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quant_core.errors import QuantError
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.sources.new_data import SymbolState
from quant_pipelines.sources.universe import dependent_timeframes


@dataclass(frozen=True)
class Looks:
    """What was seen of the sources.

    Attributes:
        states: in the order of the offers.
        next_to_ask: source → the first of its instruments that there was no time for.
        n_not_asked: instruments that there was no time for.
    """

    states: list[SymbolState]
    next_to_ask: dict[str, str]
    n_not_asked: int


def symbol_states(
    sources: Sources,
    raw_store: RawStore,
    symbols: Iterable[str] | None = None,
    *,
    budget_s: float = math.inf,
    begin_at: Mapping[str, str] | None = None,
) -> Looks:
    """What every source has now, and what of it is taken in; a symbol whose source fails goes to ``sources.failed``.

    Args:
        sources: opened sources.
        raw_store: where it is taken in.
        symbols: the ones to ask for; None for all on offer.
        budget_s: seconds that each source has; one that is slow costs its own symbols only.
        begin_at: source → the instrument to begin with, as ``next_to_ask`` of an earlier call said.
    """
    wanted = None if symbols is None else set(symbols)
    by_source: dict[str, list[PartitionKey]] = {}
    for native, offer in sources.offers.items():
        if wanted is None or native.symbol in wanted:
            by_source.setdefault(offer.source.name, []).append(native)
    seen: dict[PartitionKey, tuple[str, str | None]] = {}
    next_to_ask: dict[str, str] = {}
    n_not_asked = 0
    for name, natives in by_source.items():
        texts = [str(native) for native in natives]
        begin = texts.index(first) if (first := (begin_at or {}).get(name)) in texts else 0
        turn, until = [*natives[begin:], *natives[:begin]], time.monotonic() + budget_s
        for i, native in enumerate(turn):
            if i and time.monotonic() > until:  # one at least: a budget that is too small still gets around
                next_to_ask[name], n_not_asked = str(native), n_not_asked + len(turn) - i
                break
            try:
                seen[native] = sources.fingerprint(native), raw_store.taken_in(native).get(name)
            except QuantError as error:
                sources.failed[f"{name}: {native}"] = str(error)
    made = dependent_timeframes(sources.offers)
    return Looks([SymbolState(n, made[n], *seen[n]) for n in made if n in seen], next_to_ask, n_not_asked)
