"""New data: which runs bring the lake up to date after sources have changed.

Put here: comparison of fingerprints with what was already requested, caps, and deterministic run keys.
Keep out: asking sources (automation/sensors/new_data.py) and running.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quant_pipelines.lake.lake import digest
from quant_pipelines.lake.partitions import PartitionKey, Rectangle, plan_rectangles


@dataclass(frozen=True)
class SymbolState:
    """What a source has for one symbol now.

    Attributes:
        native: symbol and native timeframe.
        keys: partitions that depend on it.
        fingerprint: changes when rows are new or changed.
    """

    native: PartitionKey
    keys: tuple[PartitionKey, ...]
    fingerprint: str


@dataclass(frozen=True)
class Request:
    """One run: a rectangle and the state of the sources it answers to.

    Attributes:
        fingerprints: native key → fingerprint; stored as a run tag, so that a lost cursor can be rebuilt.
    """

    rectangle: Rectangle
    fingerprints: Mapping[str, str]

    @property
    def run_key(self) -> str:
        """Same data and same rectangle, same key: Dagster starts one run for it, ever."""
        state = json.dumps([dict(self.rectangle.tags), dict(sorted(self.fingerprints.items()))], sort_keys=True)
        return f"new_data:{digest(state.encode())}"


@dataclass(frozen=True)
class Plan:
    """What one tick does.

    Attributes:
        new_symbols: to be registered before the runs start, in order of discovery.
        requests: one per rectangle.
        seen: the cursor after this tick.
        n_waiting: changed symbols left for later ticks by the cap.
    """

    new_symbols: tuple[str, ...]
    requests: tuple[Request, ...]
    seen: dict[str, str]
    n_waiting: int


def plan_new_data(
    states: Iterable[SymbolState], seen: Mapping[str, str], registered: Sequence[str], *, max_symbols: int
) -> Plan:
    """Register what is new and request exactly the keys whose source changed.

    Args:
        states: everything the sources have, in a stable order.
        seen: native key → fingerprint that was requested last.
        registered: symbols in partition order.
        max_symbols: changed symbols taken in one tick; the others wait for the next one.

    Example, by hand: A is unchanged, B has changed, C is new; one rectangle covers the neighbors B and C.

    >>> states = [SymbolState(PartitionKey(s, "D1"), (PartitionKey(s, "D1"),), "f2") for s in "ABC"]
    >>> plan = plan_new_data(states, {"A|D1": "f2", "B|D1": "f1"}, ["A", "B"], max_symbols=10)
    >>> plan.new_symbols, [r.rectangle.symbols for r in plan.requests], plan.n_waiting
    (('C',), [('B', 'C')], 0)
    >>> plan_new_data(states, plan.seen, ["A", "B", "C"], max_symbols=10).requests
    ()
    """
    changed = [state for state in states if seen.get(str(state.native)) != state.fingerprint]
    symbols = list(dict.fromkeys(state.native.symbol for state in changed))
    taken = set(symbols[:max_symbols])
    due = [state for state in changed if state.native.symbol in taken]
    new = tuple(s for s in symbols[:max_symbols] if s not in set(registered))
    rectangles = plan_rectangles((key for state in due for key in state.keys), [*registered, *new])
    return Plan(
        new_symbols=new,
        requests=tuple(Request(r, _answered(r, due)) for r in rectangles),
        seen={**seen, **{str(state.native): state.fingerprint for state in due}},
        n_waiting=len(symbols) - len(taken),
    )


def _answered(rectangle: Rectangle, due: Sequence[SymbolState]) -> dict[str, str]:
    """The fingerprints of the symbols that a rectangle covers."""
    return {str(o.native): o.fingerprint for o in due if o.native.symbol in rectangle.symbols}
