"""Sums per cell and per bin: the additive part of a profile.

Put here: the kernels that sum bars into cells and cells into bins and clusters, each beside its reference.
Keep out: order statistics (_ranks.py), which are not additive, and intervals made of the sums (_inference.py).

Sums are taken of x - shift with one shift near the mean, so that fourth powers keep their digits. Each cell
and each bin is summed in time order by one thread: results do not depend on the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from quant_core.counting.block_moments import BlockMoments, moments_of_blocks
from quant_core.seasonality._cells import Codes, Ints

Floats: TypeAlias = NDArray[np.float64]

N_POWERS = 5
CUBE_COLUMNS = 6
"""Columns of a cube: n, the sums of the first to fourth powers of x - shift, the sum of its absolute values."""


@njit(cache=True, nogil=True)
def cell_powers(values: Any, starts: Any, shift: Any) -> Any:
    """(n_cells, 6): count, power sums and absolute sum of the non-nan values of each cell."""
    n_cells = starts.size - 1
    cube = np.zeros((n_cells, CUBE_COLUMNS))
    for c in range(n_cells):
        n = s1 = s2 = s3 = s4 = size = 0.0
        for i in range(starts[c], starts[c + 1]):
            x = values[i]
            if not np.isnan(x):
                d = x - shift
                d2 = d * d
                n += 1.0
                s1 += d
                s2 += d2
                s3 += d2 * d
                s4 += d2 * d2
                size += abs(d)
        cube[c, 0] = n
        cube[c, 1] = s1
        cube[c, 2] = s2
        cube[c, 3] = s3
        cube[c, 4] = s4
        cube[c, 5] = size
    return cube


def cell_powers_reference(values: Floats, starts: Ints, shift: float) -> Floats:
    """The same by slicing, one cell at a time."""
    cells = [values[a:b][~np.isnan(values[a:b])] - shift for a, b in pairwise(starts)]
    rows = [[*(np.sum(d**k) for k in range(N_POWERS)), np.sum(np.abs(d))] for d in cells]
    return np.array(rows).reshape(-1, CUBE_COLUMNS)


@njit(cache=True, nogil=True)
def cell_shares(values: Any, starts: Any, thresholds: Any) -> Any:
    """(n_cells, n_thresholds): number of non-nan values at or under each threshold."""
    n_cells = starts.size - 1
    counts = np.zeros((n_cells, thresholds.size))
    for c in range(n_cells):
        for i in range(starts[c], starts[c + 1]):
            x = values[i]
            for k in range(thresholds.size):
                if x <= thresholds[k]:
                    counts[c, k] += 1.0
    return counts


@njit(cache=True, nogil=True)
def roll_up(cube: Any, codes: Any, n_bins: Any) -> Any:
    """(n_bins, columns): sums over the cells of each bin, in time order; cells without a bin are left out."""
    out = np.zeros((n_bins, cube.shape[1]))
    for c in range(codes.size):
        g = codes[c]
        if g >= 0:
            for k in range(cube.shape[1]):
                out[g, k] += cube[c, k]
    return out


def roll_up_reference(cube: Floats, codes: Codes, n_bins: int) -> Floats:
    """The same with numpy."""
    out = np.zeros((n_bins, cube.shape[1]))
    binned = codes >= 0
    np.add.at(out, codes[binned], cube[binned])
    return out


@njit(cache=True, nogil=True)
def covered_bars(values: Any, starts: Any, codes: Any, n_bins: Any, window: Any) -> Any:
    """(n_bins,): bars inside at least one outcome window (bar + 1 … bar + window) of the bin's non-nan bars."""
    covered = np.zeros(n_bins, np.int64)
    last = np.full(n_bins, -1, np.int64)
    for c in range(codes.size):
        g = codes[c]
        if g < 0:
            continue
        for i in range(starts[c], starts[c + 1]):
            x = values[i]
            if not np.isnan(x):
                covered[g] += window if last[g] < 0 else min(i - last[g], window)
                last[g] = i
    return covered


_SHARED = 4
_PER_COLUMN = 8


@njit(cache=True, nogil=True)
def _flush(held: Any, touched: Any, n_touched: Any, everything: Any, out: Any) -> None:
    """Add one finished cluster to the sums of the bins it holds, its own squares to the last row, and clear it."""
    n_all = everything[0]
    for j in range(n_touched):
        g = touched[j]
        n = held[g, 0]
        if n > 0.0:
            row = out[g]
            row[0] += 1.0
            row[1] += n * n
            row[2] += n * n_all
            for k in range(1, held.shape[1]):
                t = held[g, k]
                t_all = everything[k]
                at = _SHARED + _PER_COLUMN * (k - 1)
                row[at] += t
                row[at + 1] += n * t
                row[at + 2] += t * t
                row[at + 3] += n * t_all
                row[at + 4] += t * n_all
                row[at + 5] += t * t_all
        held[g] = 0.0
    out[-1, 3] += n_all * n_all
    for k in range(1, everything.size):
        at = _SHARED + _PER_COLUMN * (k - 1)
        out[-1, at + 6] += n_all * everything[k]
        out[-1, at + 7] += everything[k] * everything[k]
    everything[:] = 0.0


@njit(cache=True, nogil=True)
def _cluster_sums(columns: Any, codes: Any, clusters: Any, n_bins: Any) -> Any:
    """(n_bins + 1, 4 + 8 per column): the sums of products over clusters that BlockMoments names; last, of all bars."""
    n_columns = columns.shape[1]
    out = np.zeros((n_bins + 1, _SHARED + _PER_COLUMN * (n_columns - 1)))
    held = np.zeros((n_bins, n_columns))
    everything = np.zeros(n_columns)
    stamp = np.full(n_bins, -1, np.int64)
    touched = np.empty(n_bins, np.int64)
    n_touched = 0
    for c in range(codes.size):
        if c > 0 and clusters[c] != clusters[c - 1]:
            _flush(held, touched, n_touched, everything, out)
            n_touched = 0
        g = codes[c]
        if g >= 0:
            if stamp[g] != clusters[c]:
                stamp[g] = clusters[c]
                touched[n_touched] = g
                n_touched += 1
            for k in range(n_columns):
                x = columns[c, k]
                held[g, k] += x
                everything[k] += x
    _flush(held, touched, n_touched, everything, out)
    return out


@dataclass(frozen=True)
class ClusterSums:
    """Sums of products over the clusters of one grouping, for several additive columns at once.

    Attributes:
        n: (n_bins,); values per bin.
        sums: (n_bins, 4 + 8·(columns - 1)); see ``_flush``.
    """

    n: Floats
    sums: Floats

    @property
    def blocks(self) -> Floats:
        """Clusters that hold a value of the bin."""
        return self.sums[:, 0]

    def total(self, column: int) -> Floats:
        """(n_bins,); sum of one column."""
        return self.sums[:, _SHARED + _PER_COLUMN * (column - 1)]

    def moments(self, column: int, *, squares: Floats, covered: Ints) -> BlockMoments:
        """Moments of one column against all bars that have a bin.

        Given:
            column: 1 … columns - 1; column 0 is the count.
            squares, covered: (n_bins,); sums of squared values, bars inside outcome windows.
        """
        at = _SHARED + _PER_COLUMN * (column - 1)
        total, nt, tt, n_total, t_all, t_total, all_total, total_total = self.sums[:, at : at + _PER_COLUMN].T
        blocks, nn, n_all, all_all = self.sums[:, :_SHARED].T
        return BlockMoments(
            n=self.n,
            total=total,
            squares=squares,
            covered=covered,
            blocks=blocks,
            nn=nn,
            nt=nt,
            tt=tt,
            n_all=n_all,
            n_total=n_total,
            t_all=t_all,
            t_total=t_total,
            all_all=all_all,
            all_total=all_total,
            total_total=total_total,
            all_n=np.full(len(total), self.n.sum()),
            all_sum=np.full(len(total), total.sum()),
        )


def cluster_sums(columns: Floats, codes: Codes, clusters: Ints, n: Floats) -> ClusterSums:
    """Sum products over clusters.

    Given:
        columns: (n_cells, k); column 0 the count of values per cell, the others totals per cell.
        codes, clusters: (n_cells,); bin (-1: none) and cluster (non-decreasing) of the cell.
        n: (n_bins,); values per bin.
    """
    found = _cluster_sums(columns, codes, clusters, len(n))
    # Products of all bars with themselves are the same for every bin: clusters without the bin count too.
    per_column = range(_SHARED, found.shape[1], _PER_COLUMN)
    whole = [3, *(at + i for at in per_column for i in (6, 7))]
    found[:-1, whole] = found[-1, whole]
    return ClusterSums(n, found[:-1])


def moments_reference(
    columns: Floats, column: int, codes: Codes, clusters: Ints, *, squares: Floats, covered: Ints
) -> BlockMoments:
    """``cluster_sums(...).moments(column)`` from dense tables of clusters by bins."""
    n_bins, binned = len(squares), codes >= 0
    n_clusters = int(clusters[-1]) + 1 if len(clusters) else 0
    at = clusters[binned] * n_bins + codes[binned]

    def table(x: Floats) -> Floats:
        dense = np.zeros(n_clusters * n_bins)
        np.add.at(dense, at, x[binned])
        return dense.reshape(n_clusters, n_bins)

    n_b, t_b = table(columns[:, 0]), table(columns[:, column])
    return moments_of_blocks(n_b, t_b, n_b.sum(axis=1), t_b.sum(axis=1), covered=covered, squares=squares)
