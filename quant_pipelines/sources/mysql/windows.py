"""Windows of a series: fixed spans of keys, and for each the number of its rows and a checksum over them.

Put here: which window a key lies in, the totals of a window, and asking the server for all of them in one statement.
Keep out: the text of statements (query.py), what follows from a difference (plan.py) and reading rows (read.py).

The server hashes the rows that it counts, and we hash those that it delivers, alike (row_hash.py). So the totals that
are kept for a window are those of the rows that were delivered, whatever happened to the table meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from quant_core.timeframes import Timeframe
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.connection import MysqlConnection
from quant_pipelines.sources.mysql.query import EPOCH, BoundValues, Series
from quant_pipelines.sources.mysql.rows import keys_of

_FIRST, _END = datetime(1900, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - wall clock, as the keys are
_MODULUS = 2**64
_LOW = 2**32 - 1


@dataclass(frozen=True)
class Totals:
    """What is compared of a set of rows.

    Attributes:
        n_rows: number of rows.
        checksum: sum of their hashes, modulo 2⁶⁴; a row that occurs twice counts twice.
    """

    n_rows: int = 0
    checksum: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(self.n_rows + other.n_rows, (self.checksum + other.checksum) % _MODULUS)


NOTHING = Totals()


@dataclass(frozen=True)
class Grid:
    """Windows of equal length between the years 1900 and 2100; the first and the last one are open outwards.

    Wrong stamps, however far out, so cost two windows and not thousands.

    Attributes:
        first: key at which window 0 would begin if it were not open.
        end: key at which the last window would end.
        length: keys of one window.
    """

    first: int
    end: int
    length: int

    @classmethod
    def of(cls, timeframe: Timeframe, config: MysqlConfig) -> Grid:
        """The windows of a timeframe: 30 days below one hour, 365 days below one session, 3,650 days from there.

        >>> Grid.of(Timeframe.M1, MysqlConfig()).length == 30 * 86_400 * 1_000_000
        True
        >>> Grid.of(Timeframe.D1, MysqlConfig(ts_unit="s")).length == 3_650 * 86_400
        True
        """
        n_days = 30 if timeframe < Timeframe.H1 else 365 if timeframe.is_intraday else 3_650
        first, end, length = (keys_of(d, config) for d in (_FIRST - EPOCH, _END - EPOCH, timedelta(days=n_days)))
        return cls(first, end, length)

    def index(self, key: int) -> int:
        """The window of a key.

        >>> grid = Grid(first=0, end=100, length=10)
        >>> [grid.index(key) for key in (-5, 0, 9, 10, 95, 10**9)]
        [0, 0, 0, 1, 9, 9]
        """
        return (min(max(key, self.first), self.end - 1) - self.first) // self.length

    def bounds(self, index: int) -> tuple[int | None, int | None]:
        """First key of a window and first key after it; None = open.

        >>> [Grid(0, 100, 10).bounds(i) for i in (0, 1, 9)]
        [(None, 10), (10, 20), (90, None)]
        """
        lower, upper = self.first + index * self.length, self.first + (index + 1) * self.length
        return (lower if index > 0 else None), (upper if upper < self.end else None)

    def column(self) -> pl.Expr:
        """The window of each ``bar_key``."""
        inside = pl.col("bar_key").clip(self.first, self.end - 1)
        return ((inside - self.first) // self.length).alias("window_index")


def latest_start(*starts: int | None) -> int | None:
    """The first key that lies behind all of some starts; None = open, as where no start is set.

    >>> latest_start(None, 3, 5), latest_start(None)
    (5, None)
    """
    return max((start for start in starts if start is not None), default=None)


def earliest_end(*ends: int | None) -> int | None:
    """The first key that lies at or behind one of some ends; None = open, as where no end is set.

    >>> earliest_end(None, 3, 5), earliest_end(None)
    (3, None)
    """
    return min((end for end in ends if end is not None), default=None)


@dataclass(frozen=True)
class WindowTable:
    """What the server has of a series, in one look.

    Attributes:
        windows: window → totals; windows without rows are not listed.
        unreadable: totals of the rows whose time cannot be read.
    """

    windows: dict[int, Totals] = field(default_factory=dict[int, Totals])
    unreadable: Totals = NOTHING

    def totals(self, windows: Iterable[int]) -> Totals:
        """The totals of several windows together."""
        return sum((self.windows.get(w, NOTHING) for w in windows), NOTHING)

    def n_before(self, window: int) -> int:
        """Rows of the windows before one."""
        return sum(t.n_rows for w, t in self.windows.items() if w < window)


def ask_windows(
    connection: MysqlConnection, series: Series, grid: Grid, lower: int | None, upper: int | None
) -> WindowTable:
    """Count and sum up a series by window: one grouped statement, one scan of its rows."""
    values = BoundValues()
    statement = series.window_totals(values, (grid.first, grid.end - 1, grid.length), lower, upper)
    rows = connection.run(statement, values.parameters)
    found = {index: Totals(int(n_rows), int(checksum) % _MODULUS) for index, n_rows, checksum in rows}
    unreadable = found.pop(None, NOTHING)
    return WindowTable({int(index): totals for index, totals in found.items()}, unreadable)


def ask_totals(connection: MysqlConnection, series: Series, lower: int | None, upper: int | None) -> Totals:
    """The totals of all readable rows with ``lower ≤ key < upper``."""
    values = BoundValues()
    [(n_rows, checksum)] = connection.run(series.totals(values, lower, upper), values.parameters)
    return Totals(int(n_rows), int(checksum or 0) % _MODULUS)


def totals_of(rows: pl.DataFrame) -> Totals:
    """The totals of delivered rows.

    Args:
        rows: column ``row_hash``, unsigned.

    >>> totals_of(pl.DataFrame({"row_hash": [2**64 - 1, 3]}, schema={"row_hash": pl.UInt64}))
    Totals(n_rows=2, checksum=2)
    """
    return _totals(rows.select(_SUMS).row(0))


def totals_by_window(rows: pl.DataFrame, grid: Grid) -> dict[int, Totals]:
    """The totals of delivered rows, by window.

    Args:
        rows: columns ``bar_key`` (not null) and ``row_hash``.
        grid: the windows.
    """
    found = rows.group_by(grid.column()).agg(_SUMS)
    return {int(index): _totals(sums) for index, *sums in found.iter_rows()}


# Summed in halves: a sum of 64-bit numbers would overflow.
_SUMS = [
    pl.len().alias("n_rows"),
    (pl.col("row_hash") // (_LOW + 1)).sum().alias("high"),
    (pl.col("row_hash") % (_LOW + 1)).sum().alias("low"),
]


def _totals(sums: Iterable[Any]) -> Totals:
    n_rows, high, low = sums
    return Totals(int(n_rows), (int(high) * (_LOW + 1) + int(low)) % _MODULUS)
