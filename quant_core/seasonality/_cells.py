"""Time cells: short stretches of consecutive bars in which every dimension has one bin.

Put here: cutting bars into cells, the bin of each cell, and the calendar clusters cells belong to.
Keep out: what is summed per cell (_cube.py) and what a bin means (dimensions/).

A profile of 10 million minutes needs bins for some 350,000 half hours, not for every minute: sums per cell
roll up into any dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from quant_core.bars import Bars
from quant_core.counting.fingerprints import Prints, mixed
from quant_core.dimensions import Dimension
from quant_core.dimensions.contract import Cycle
from quant_core.seasonality._threads import in_threads

Ints: TypeAlias = NDArray[np.int64]
Codes: TypeAlias = NDArray[np.int32]

CELL_MINUTES = (30, 15, 5, 1)
"""Lengths tried, longest first; at 1 every bar is its own cell."""
_US_PER_MINUTE = 60_000_000
NO_BIN = -1


@dataclass(frozen=True)
class Cells:
    """Cells of one length, in time order.

    Attributes:
        starts: (n_cells + 1,); row of the first bar of each cell, then the number of bars.
        first, last: the first and the last bar of each cell; the same object where every bar is a cell.
    """

    starts: Ints
    first: Bars
    last: Bars

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def fingerprints(self) -> Prints:
        """(n_cells,); of the bars of each cell.

        The difference of two numbers that belong to a cell's ends: it adds up over bars, however they are cut.

        >>> from quant_core.timeframes import Timeframe
        >>> bars = Bars.of(close=[1.0] * 5, timeframe=Timeframe.M15)
        >>> long, short = cells_of(bars, 30).fingerprints, cells_of(bars, 1).fingerprints
        >>> len(long), len(short), bool(long[1] == short[2:4].sum())
        (3, 5, True)
        """
        ends = mixed(self.starts.astype(np.uint64))
        return ends[1:] - ends[:-1]


def cells_of(bars: Bars, minutes: int) -> Cells:
    """Cut bars into cells of UTC-aligned minutes.

    >>> from quant_core.timeframes import Timeframe
    >>> bars = Bars.of(close=[1.0] * 5, timeframe=Timeframe.M15)
    >>> cells_of(bars, 30).starts.tolist(), cells_of(bars, 1).starts.tolist()
    ([0, 2, 4, 5], [0, 1, 2, 3, 4, 5])
    """
    stamps = bars.frame["ts"].to_physical().to_numpy()
    if bars.timeframe.minutes >= minutes:
        starts = np.arange(len(stamps) + 1, dtype=np.int64)
    else:
        starts = _cell_starts(stamps, minutes * _US_PER_MINUTE)
    if len(starts) == len(stamps) + 1:
        return Cells(starts, bars, bars)
    columns = [c for c in ("ts", "ts_close", "session_date", "roll_id") if c in bars.frame.columns]
    frame = bars.frame.select(columns)
    return Cells(starts, bars.with_frame(frame[starts[:-1]]), bars.with_frame(frame[starts[1:] - 1]))


@njit(cache=True, nogil=True)
def _cell_starts(stamps: Any, width: Any) -> Any:
    """Rows at which stamps // width changes, then the number of rows."""
    n = stamps.size
    starts = np.empty(n + 1, np.int64)
    k = 0
    previous = np.int64(0)
    for i in range(n):
        cell = stamps[i] // width
        if i == 0 or cell != previous:
            starts[k] = i
            k += 1
            previous = cell
    starts[k] = n
    return starts[: k + 1].copy()


def codes_of_cells(dimension: Dimension, cells: Cells) -> Codes | None:
    """The bin of each cell (-1 for none), or None where some cell holds two bins.

    A bin is a stretch of local time or a set of whole sessions, so a cell of at most half an hour that begins
    and ends in one bin lies in it; cells in which the two differ need a shorter length.
    """
    first = _filled(dimension.codes(cells.first))
    if cells.first is cells.last or np.array_equal(first, _filled(dimension.codes(cells.last))):
        return first
    return None


def _filled(codes: pl.Series) -> Codes:
    return codes.fill_null(NO_BIN).to_numpy().astype(np.int32, copy=False)


def group_by_cell_length(
    dimensions: Sequence[Dimension], bars: Bars, n_threads: int = 1
) -> list[tuple[Cells, list[tuple[Dimension, Codes]]]]:
    """Each dimension with its codes, under the longest cells that it allows; every dimension appears once."""
    groups: list[tuple[Cells, list[tuple[Dimension, Codes]]]] = []
    waiting: list[Dimension] = list(dimensions)
    for minutes in CELL_MINUTES:
        if not waiting or (groups and minutes < bars.timeframe.minutes):
            break
        cells = cells_of(bars, minutes)
        codes = in_threads(partial(codes_of_cells, cells=cells), waiting, n_threads, len(bars))
        coded = list(zip(waiting, codes, strict=True))
        fitting = [(d, c) for d, c in coded if c is not None]
        if fitting:
            groups.append((cells, fitting))
        waiting = [d for d, c in coded if c is None]
    return groups


def clusters_of_cells(cells: Cells, days: pl.Series, cycle: Cycle, min_bars: int) -> Ints:
    """Number of the calendar cluster of each cell, non-decreasing from 0.

    A cluster is one cycle of the dimension (a session, an ISO week, a month or a year of ``days``), or as
    many consecutive ones as are needed for ``min_bars`` bars on average: bins are then compared within a
    stretch of time that holds them all, and overlapping outcomes stay inside a cluster.

    Args:
        cells: stretches of bars.
        days: (n_cells,); a date inside the cycle of each, non-decreasing.
        cycle: of the dimension.
        min_bars: least average number of bars of a cluster.

    >>> from quant_core.timeframes import Timeframe
    >>> cells = cells_of(Bars.of(close=[1.0] * 8, timeframe=Timeframe.D1), 30)
    >>> days = cells.first.frame["session_date"]
    >>> clusters_of_cells(cells, days, "week", 1).tolist(), clusters_of_cells(cells, days, "day", 4).tolist()
    ([0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 1, 1, 1])
    """
    if len(days) == 0:
        return np.zeros(0, dtype=np.int64)
    unit = {"day": "1d", "week": "1w", "month": "1mo", "year": "1y"}[cycle]
    number = days.dt.truncate(unit).rle_id().to_numpy().astype(np.int64)
    n_cycles = int(number[-1]) + 1
    merge = -(-min_bars * n_cycles // int(cells.starts[-1]))
    return number // max(merge, 1)


def batches_of_clusters(clusters: Ints) -> Ints:
    """Merge consecutive clusters into about max(20, sqrt(G)) batches, for means of values that stay high for long.

    Batch means: with batches much longer than the memory of the series their means are nearly independent, so
    their spread measures the error of the overall mean. Fewer than 20 clusters stay as they are.

    >>> [int(batches_of_clusters(np.arange(n, dtype=np.int64))[-1]) + 1 for n in (5, 50, 900)]
    [5, 17, 30]
    """
    if len(clusters) == 0:
        return clusters
    n = int(clusters[-1]) + 1
    wanted = min(n, max(20, int(np.sqrt(n))))
    return clusters // -(-n // wanted)
