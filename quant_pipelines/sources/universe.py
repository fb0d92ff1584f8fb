"""The universe: every partition that the sources and the lake can bring up to date.

Put here: which keys follow from what is on offer.
Keep out: who asks for runs (sensors, schedules, cli).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from quant_core.timeframes import Timeframe
from quant_pipelines.lake.partitions import TIMEFRAMES, PartitionKey


def dependents(natives: Iterable[PartitionKey]) -> dict[PartitionKey, tuple[PartitionKey, ...]]:
    """Native symbol and timeframe → the partitions made from it; bars are never made finer.

    A key is made from its own timeframe where that is native, else from the symbol's finest native one.

    >>> natives = [PartitionKey("A", "H4"), PartitionKey("A", "D1"), PartitionKey("B", "D1")]
    >>> [(str(n), [str(k) for k in keys]) for n, keys in dependents(natives).items()]
    [('A|H4', ['A|H4', 'A|W1']), ('A|D1', ['A|D1']), ('B|D1', ['B|D1', 'B|W1'])]
    """
    timeframes = dependent_timeframes(natives)
    return {n: tuple(PartitionKey(n.symbol, t) for t in made) for n, made in timeframes.items()}


def dependent_timeframes(natives: Iterable[PartitionKey]) -> dict[PartitionKey, tuple[str, ...]]:
    """Native symbol and timeframe → the timeframes of the symbol that are made from it.

    >>> dependent_timeframes([PartitionKey("B", "D1")])
    {PartitionKey(symbol='B', timeframe='D1'): ('D1', 'W1')}
    """
    listed = list(natives)
    by_symbol: dict[str, list[Timeframe]] = {}
    for native in listed:
        by_symbol.setdefault(native.symbol, []).append(Timeframe(native.timeframe))
    return {n: _made_from(Timeframe(n.timeframe), frozenset(by_symbol[n.symbol])) for n in listed}


@cache  # there are eight timeframes
def _made_from(own: Timeframe, available: frozenset[Timeframe]) -> tuple[str, ...]:
    """The timeframes of one symbol whose bars come from one native timeframe."""
    is_finest = own == min(available, key=lambda t: t.minutes)
    longer = [t for t in map(Timeframe, TIMEFRAMES) if t > own and t not in available] if is_finest else []
    return tuple(t.value for t in (own, *longer))
