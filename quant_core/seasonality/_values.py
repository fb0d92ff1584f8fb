"""The bar values of a profile, with everything that does not depend on the dimension.

Put here: computing each value once per cell length: sums per cell, the sorted order, shares under quantiles.
Keep out: bins (_cells.py) and statistics of bins (_inference.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.profile_metrics import BarValue, ProfileMetric
from quant_core.seasonality._cells import Cells
from quant_core.seasonality._cube import Floats, cell_powers, cell_shares
from quant_core.seasonality._ranks import SortedValues, quantile_ranks, sort_with_cells
from quant_core.seasonality._threads import in_threads


@dataclass(frozen=True)
class CellValues:
    """One bar value over one cutting into cells.

    Attributes:
        values: (n_bars,); nan where not observable.
        shift: subtracted before summing: the mean, or 0 for rates and counts, which stay whole numbers.
        cube: (n_cells, 6); count, power sums, absolute sum.
        ordered: the sorted values; None where no metric needs a quantile.
        probabilities: the quantiles asked for.
        columns: (n_cells, 3 + probabilities); count, sum of x - shift and of its size, and the number of values at or
            under the overall quantile of each probability. Rates and counts need the first two only.
        ties: (n_cells, 1); bars without a value because the price did not move; None where ties are values.
    """

    bar_value: BarValue
    values: Floats
    shift: float
    cube: Floats
    ordered: SortedValues | None
    probabilities: tuple[float, ...]
    columns: Floats
    ties: Floats | None = None


def values_of(bars: Bars, metrics: Sequence[ProfileMetric]) -> dict[BarValue, Floats]:
    """Each distinct bar value once, as a float array with nan for missing."""
    wanted = list(dict.fromkeys(m.bar_value for m in metrics))
    return {v: v.compute(bars).fill_null(float("nan")).to_numpy() for v in wanted}


def ties_of(bars: Bars, values: Iterable[BarValue]) -> dict[BarValue, Floats]:
    """1 for each bar without a value because the price did not move, else 0, of the bar values that leave ties out."""
    found = {value: value.tied(bars) for value in values}
    return {value: ties.cast(pl.Float64).to_numpy() for value, ties in found.items() if ties is not None}


def cell_values(
    values: dict[BarValue, Floats],
    metrics: Sequence[ProfileMetric],
    cells: Cells,
    n_threads: int,
    *,
    ties: dict[BarValue, Floats] | None = None,
    shares: bool = True,
) -> dict[BarValue, CellValues]:
    """Sum, and where a quantile is asked for sort, every bar value; one value per thread.

    Given:
        ties: of ``ties_of``; None counts no ties.
        shares: False leaves out the counts under quantiles, which only intervals and tests need.
    """
    whole = {m.bar_value for m in metrics if m.kind in {"rate", "count"}}

    def one(item: tuple[BarValue, Floats]) -> CellValues:
        bar_value, array = item
        probabilities = tuple(
            dict.fromkeys(m.probability for m in metrics if m.kind == "quantile" and m.bar_value == bar_value)
        )
        seen = np.count_nonzero(~np.isnan(array))
        shift = 0.0 if bar_value in whole or not seen else float(np.nansum(array) / seen)
        cube = cell_powers(array, cells.starts, shift)
        ordered = sort_with_cells(array, cells.starts) if probabilities else None
        thresholds = np.array([] if ordered is None else [overall_quantile(ordered.values, q) for q in probabilities])
        columns = cube[:, [0, 1] if bar_value in whole else [0, 1, 5]]
        if shares and len(thresholds):
            columns = np.hstack((columns, cell_shares(array, cells.starts, thresholds)))
        tied = None if ties is None or bar_value not in ties else np.add.reduceat(ties[bar_value], cells.starts[:-1])
        tied = None if tied is None else tied[:, None]
        return CellValues(bar_value, array, shift, cube, ordered, probabilities, np.ascontiguousarray(columns), tied)

    found = in_threads(one, list(values.items()), n_threads, int(cells.starts[-1]))
    return dict(zip(values, found, strict=True))


def overall_quantile(ordered: Floats, probability: float) -> float:
    """Linear quantile of sorted values; nan for none.

    >>> overall_quantile(np.array([1.0, 2.0, 4.0]), 0.75)
    3.0
    """
    if not len(ordered):
        return float("nan")
    low, high, weight = (x[0] for x in quantile_ranks(np.array([float(len(ordered))]), probability))
    return float(ordered[low] + (ordered[high] - ordered[low]) * weight)
