"""Calendar clusters of cells and batches of them, for every dimension of a profile.

Put here: computing clusters once for all dimensions that count their cycles in the same days.
Keep out: what a cluster is (_cells.py) and in which cycle a bar lies (dimensions/).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import polars as pl

from quant_core.bars import Bars
from quant_core.dimensions import Dimension
from quant_core.dimensions.contract import Cycle
from quant_core.seasonality._cells import Cells, Ints, batches_of_clusters, clusters_of_cells

Spans: TypeAlias = dict[tuple[Dimension, int], tuple[Ints, Ints]]
"""Dimension and bars of an outcome window → clusters of cells, batches of cells."""


def cycle_days(dimension: Dimension, bars: Bars) -> pl.Series:
    """The dimension's ``cycle_day`` of each bar, non-decreasing: a clock set back over midnight repeats no date."""
    return dimension.cycle_day(bars).cum_max()


def by_cycle_days(dimensions: Sequence[Dimension], bars: Bars) -> list[tuple[pl.Series, list[Dimension]]]:
    """The dimensions that count their cycles in the same days, under these days; every dimension appears once.

    >>> from quant_core.dimensions.month import Month
    >>> from quant_core.dimensions.quarter import Quarter
    >>> from quant_core.dimensions.week_of_year import WeekOfYear
    >>> [len(mine) for _, mine in by_cycle_days([Month(), WeekOfYear(), Quarter()], Bars.of(close=[1.0]))]
    [2, 1]
    """
    groups: list[tuple[pl.Series, list[Dimension]]] = []
    for dimension in dimensions:
        days = cycle_days(dimension, bars)
        same = next((mine for known, mine in groups if known.equals(days)), None)
        if same is None:
            groups.append((days, [dimension]))
        else:
            same.append(dimension)
    return groups


def spans_of(cells: Cells, dimensions: Sequence[Dimension], windows: Sequence[int], cluster_windows: int) -> Spans:
    """Clusters and batches of the cells for every dimension and outcome window.

    Args:
        cells: stretches of bars.
        dimensions: whose cycles.
        windows: bars of outcome windows.
        cluster_windows: outcome windows that a cluster holds at least, on average.
    """
    out: Spans = {}
    for days, mine in by_cycle_days(dimensions, cells.first):
        cycles: set[Cycle] = {d.cycle for d in mine}
        for cycle in cycles:
            for window in set(windows):
                clusters = clusters_of_cells(cells, days, cycle, cluster_windows * window)
                span = clusters, batches_of_clusters(clusters)
                out.update(((d, window), span) for d in mine if d.cycle == cycle)
    return out
