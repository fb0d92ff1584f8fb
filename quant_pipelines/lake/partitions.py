"""Partitions: symbol x timeframe, one definition for the whole graph, and the planner of rectangular runs.

Put here: the partition key, the partitions definition and which runs cover a set of keys.
Keep out: which symbols exist (sources) and who asks for runs (sensors, schedules, cli).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from quant_core.errors import ConfigError, SymbolError
from quant_core.symbols import check_symbol
from quant_core.timeframes import Timeframe

TIMEFRAMES: tuple[str, ...] = tuple(t.value for t in Timeframe)
SYMBOLS = dg.DynamicPartitionsDefinition(name="symbols")
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
SYMBOL_TIMEFRAME = dg.MultiPartitionsDefinition(
    {"symbol": SYMBOLS, "timeframe": dg.StaticPartitionsDefinition(list(TIMEFRAMES))}
)


@dataclass(frozen=True, order=True)
class PartitionKey:
    """One symbol at one timeframe, written ``SYMBOL|TF``.

    >>> PartitionKey.parse("EURUSD|H1")
    PartitionKey(symbol='EURUSD', timeframe='H1')
    >>> str(PartitionKey("BRK.B", "D1"))
    'BRK.B|D1'
    """

    symbol: str
    timeframe: str

    def __post_init__(self) -> None:
        check_symbol(self.symbol)
        if self.timeframe not in TIMEFRAMES:
            raise SymbolError(
                f"Timeframe {self.timeframe!r} cannot be used in a partition key: expected one of "
                f"{', '.join(TIMEFRAMES)}. Use one of these."
            )

    @classmethod
    def parse(cls, text: str) -> PartitionKey:
        """Read ``SYMBOL|TF``.

        Raises:
            SymbolError: no single ``|``, an illegal symbol or an unknown timeframe.
        """
        parts = text.split("|")
        if len(parts) != 2:
            raise SymbolError(f"Partition key {text!r} is malformed: expected SYMBOL|TIMEFRAME, for example EURUSD|H1.")
        return cls(*parts)

    @classmethod
    def is_key(cls, text: str) -> bool:
        """True for a text that :meth:`parse` reads.

        >>> [PartitionKey.is_key(text) for text in ("EURUSD|H1", "EURUSD", "EURUSD|D2")]
        [True, False, False]
        """
        try:
            cls.parse(text)
        except SymbolError:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.symbol}|{self.timeframe}"

    @property
    def folder(self) -> str:
        """Where the key's file lies below its asset's folder."""
        return f"symbol={self.symbol}/timeframe={self.timeframe}"

    @property
    def multi(self) -> dg.MultiPartitionKey:
        """The key as Dagster's own type, which makes the UI's filters by dimension work."""
        return dg.MultiPartitionKey({"symbol": self.symbol, "timeframe": self.timeframe})


@dataclass(frozen=True, order=True)
class SymbolKey:
    """One symbol over all its timeframes.

    >>> str(SymbolKey("SP500")), SymbolKey("SP500").folder
    ('SP500', 'symbol=SP500')
    """

    symbol: str

    def __post_init__(self) -> None:
        check_symbol(self.symbol)

    def __str__(self) -> str:
        return self.symbol

    @property
    def folder(self) -> str:
        """Where the key's file lies below its asset's folder."""
        return f"symbol={self.symbol}"


@dataclass(frozen=True, order=True)
class WholeKey:
    """Everything: the only key of an unpartitioned table."""

    def __str__(self) -> str:
        return "everything"

    @property
    def folder(self) -> str:
        """Where the table's file lies below its asset's folder: in it."""
        return ""


Key = PartitionKey | SymbolKey | WholeKey
"""What one file of a table is about."""


@dataclass(frozen=True)
class Rectangle:
    """A contiguous range of symbols x a contiguous range of timeframes: what one run can take.

    Attributes:
        symbols, timeframes: every value of the range, in partition order.
    """

    symbols: tuple[str, ...]
    timeframes: tuple[str, ...]

    @property
    def keys(self) -> list[PartitionKey]:
        """Every key of the rectangle, symbol by symbol."""
        return [PartitionKey(s, t) for s in self.symbols for t in self.timeframes]

    @property
    def tags(self) -> Mapping[str, str]:
        """Run tags that make a Dagster run cover exactly this rectangle."""
        first, last = self.keys[0], self.keys[-1]
        if first == last:
            return {
                "dagster/partition": str(first),
                "dagster/partition/symbol": first.symbol,
                "dagster/partition/timeframe": first.timeframe,
            }
        return dict(zip(RANGE_TAGS, (str(first), str(last)), strict=True))


def _runs(values: Iterable[str], order: Sequence[str]) -> list[tuple[str, ...]]:
    """Split values into maximal runs that are neighbors in an order."""
    position = {value: i for i, value in enumerate(order)}
    runs: list[list[str]] = []
    for value in sorted(values, key=position.__getitem__):
        if runs and position[value] == position[runs[-1][-1]] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return [tuple(run) for run in runs]


def plan_rectangles(keys: Iterable[PartitionKey], symbol_order: Sequence[str]) -> list[Rectangle]:
    """Cover exactly a set of keys with rectangles, each of which one Dagster run can take.

    A run takes a range of each dimension, and a range follows the insertion order of the symbols. Symbols
    are grouped by the set of their timeframes; each group is cut into runs of neighbors in both dimensions.

    Args:
        keys: any set of keys; repeats count once.
        symbol_order: every registered symbol, in insertion order (``instance.get_dynamic_partitions``).

    Raises:
        ConfigError: a symbol is not registered; no range could name it.

    Example, by hand: A and B neighbor and want M1 + M5, C wants M1 only, D wants M1 and D1, which do not neighbor.

    >>> wanted = ["A|M1", "A|M5", "B|M1", "B|M5", "C|M1", "D|M1", "D|D1"]
    >>> plan = plan_rectangles(map(PartitionKey.parse, wanted), ["A", "B", "C", "D"])
    >>> [(r.symbols, r.timeframes) for r in plan]
    [(('A', 'B'), ('M1', 'M5')), (('C',), ('M1',)), (('D',), ('M1',)), (('D',), ('D1',))]
    >>> plan_rectangles([], ["A"])
    []
    """
    wanted: dict[str, set[str]] = {}
    for key in keys:
        wanted.setdefault(key.symbol, set()).add(key.timeframe)
    _refuse_unregistered(wanted, symbol_order)
    groups: dict[frozenset[str], list[str]] = {}
    for symbol in symbol_order:
        if symbol in wanted:
            groups.setdefault(frozenset(wanted[symbol]), []).append(symbol)
    return [
        Rectangle(symbols, timeframes)
        for timeframe_set, members in groups.items()
        for symbols in _runs(members, symbol_order)
        for timeframes in _runs(timeframe_set, TIMEFRAMES)
    ]


def plan_symbol_ranges(
    symbols: Iterable[str], symbol_order: Sequence[str]
) -> list[tuple[tuple[str, ...], Mapping[str, str]]]:
    """Cover exactly a set of symbols with ranges of neighbors: each range's symbols and the run tags that cover them.

    Args:
        symbols: any set of symbols; repeats count once.
        symbol_order: every registered symbol, in insertion order.

    Raises:
        ConfigError: a symbol is not registered; no range could name it.

    >>> plan_symbol_ranges(["D", "A", "B"], ["A", "B", "C", "D"]) == [
    ...     (("A", "B"), dict(zip(RANGE_TAGS, ("A", "B"), strict=True))), (("D",), {"dagster/partition": "D"})]
    True
    """
    wanted = set(symbols)
    _refuse_unregistered(wanted, symbol_order)
    return [
        (
            part,
            {"dagster/partition": part[0]}
            if len(part) == 1
            else dict(zip(RANGE_TAGS, (part[0], part[-1]), strict=True)),
        )
        for part in _runs(wanted, symbol_order)
    ]


def _refuse_unregistered(symbols: Iterable[str], symbol_order: Sequence[str]) -> None:
    """Raise for symbols that the instance does not know."""
    unknown = sorted(set(symbols) - set(symbol_order))
    if unknown:
        raise ConfigError(
            f"Symbols {unknown[:5]} are not registered as partitions: expected symbols known to the instance. "
            "Run the job register_symbols first."
        )


def keys_of_tags(tags: Mapping[str, str], symbol_order: Sequence[str]) -> list[PartitionKey]:
    """The keys that a run's tags make it cover; none for a run without partitions or with others, such as symbols.

    >>> keys_of_tags({"dagster/partition": "A"}, ["A", "B", "C"])
    []
    >>> tags = {"dagster/asset_partition_range_start": "A|D1", "dagster/asset_partition_range_end": "B|W1"}
    >>> [str(k) for k in keys_of_tags(tags, ["A", "B", "C"])]
    ['A|D1', 'A|W1', 'B|D1', 'B|W1']
    """
    single = tags.get("dagster/partition")
    first, last = (tags.get(name, single) for name in RANGE_TAGS)
    if first is None or last is None or not (PartitionKey.is_key(first) and PartitionKey.is_key(last)):
        return []
    start, end = PartitionKey.parse(first), PartitionKey.parse(last)
    symbols = _between(start.symbol, end.symbol, symbol_order)
    timeframes = _between(start.timeframe, end.timeframe, TIMEFRAMES)
    return [PartitionKey(s, t) for s in symbols for t in timeframes]


def _between(first: str, last: str, order: Sequence[str]) -> Sequence[str]:
    """The values from first to last in an order; a value that is gone from the order stands alone."""
    if first not in order or last not in order:
        return sorted({first, last})
    return order[list(order).index(first) : list(order).index(last) + 1]
