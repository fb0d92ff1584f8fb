"""Counts of cells per time block, as the sums that every cluster-robust number needs.

Put here: BlockMoments, and the variances and design effects that are plain arithmetic on them.
Keep out: counting of whole tables (the engines), moments of one sample and tests made of a variance (estimators/).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from quant_core.counting.packing import WORD_BITS

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[Any]


def block_bars(horizon: int) -> int:
    """Length of a time block: the smallest multiple of 64 bars that is ≥ max(64, 4·horizon).

    >>> [block_bars(h) for h in (1, 16, 17, 60)]
    [64, 64, 128, 256]
    """
    return WORD_BITS * -(-max(WORD_BITS, 4 * horizon) // WORD_BITS)


@dataclass(frozen=True)
class BlockMoments:
    """Sums over the time blocks of a split; arrays of any equal shape, one entry per cell.

    Per block b: n_b events, t_b their total outcome (successes, or the sum of a number), N_b and T_b the same over all
    bars. Every field is a plain sum, so moments of disjoint periods add up to the moments of their union.
    For 0/1 outcomes all fields are exact integers.

    Attributes:
        n, total, squares: Σ n_b, Σ t_b, sum of squared outcomes.
        covered: bars inside at least one outcome window.
        blocks: blocks that hold an event.
        nn, nt, tt: Σ n_b², Σ n_b·t_b, Σ t_b².
        n_all, n_total, t_all, t_total: Σ n_b·N_b, Σ n_b·T_b, Σ t_b·N_b, Σ t_b·T_b.
        all_all, all_total, total_total: Σ N_b², Σ N_b·T_b, Σ T_b²; blocks without event included.
        all_n, all_sum: N and T over the whole split.
    """

    n: Counts
    total: Counts
    squares: Counts
    covered: Counts
    blocks: Counts
    nn: Counts
    nt: Counts
    tt: Counts
    n_all: Counts
    n_total: Counts
    t_all: Counts
    t_total: Counts
    all_all: Counts
    all_total: Counts
    total_total: Counts
    all_n: Counts
    all_sum: Counts

    def __add__(self, other: BlockMoments) -> BlockMoments:
        """Moments of the union of two disjoint periods."""
        return BlockMoments(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def mean(self) -> Floats:
        """Total / n: the rate of 0/1 outcomes; nan where n = 0."""
        return ratio(self.total, self.n)

    @property
    def baseline(self) -> Floats:
        """The mean over all bars of the split; nan where there is none."""
        return ratio(self.all_sum, self.all_n)

    @property
    def mean_outside(self) -> Floats:
        """The mean over the bars outside the cell; nan where there is none."""
        return ratio(self.all_sum - self.total, self.all_n - self.n)

    @property
    def outcome_variance(self) -> Floats:
        """Σy²/n − mean², the variance of one outcome; p(1 − p) for 0/1; nan where n = 0."""
        return np.maximum(ratio(self.squares, self.n) - self.mean**2, 0.0)


def ratio(above: Counts, below: Counts) -> Floats:
    """Above / below as float; nan where below is not positive."""
    top = np.asarray(above, dtype=np.float64)
    bottom = np.asarray(below, dtype=np.float64)
    return np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=bottom > 0)


def moments_of_blocks(
    n_b: Counts, t_b: Counts, all_n_b: Counts, all_t_b: Counts, *, covered: Counts, squares: Counts
) -> BlockMoments:
    """Sum the per-block counts of many cells.

    ``n_b`` and ``t_b`` are (n_blocks, n_cells): events and their total outcome per block; ``all_n_b`` and ``all_t_b``
    are (n_blocks,): the same over all bars; ``covered`` and ``squares`` are (n_cells,).

    >>> m = moments_of_blocks(np.array([[2], [0]]), np.array([[1], [0]]), np.array([4, 4]), np.array([3, 1]),
    ...                       covered=np.array([2]), squares=np.array([1]))
    >>> int(m.blocks[0]), int(m.n_total[0]), int(m.all_n[0]), int(m.total_total[0]), float(m.baseline[0])
    (1, 6, 8, 10, 0.5)
    """
    all_n, all_t = all_n_b[:, None], all_t_b[:, None]

    def whole(x: Counts) -> Counts:
        return np.repeat(x.sum(), n_b.shape[1])

    return BlockMoments(
        n=n_b.sum(axis=0),
        total=t_b.sum(axis=0),
        squares=squares,
        covered=covered,
        blocks=(n_b > 0).sum(axis=0),
        nn=(n_b * n_b).sum(axis=0),
        nt=(n_b * t_b).sum(axis=0),
        tt=(t_b * t_b).sum(axis=0),
        n_all=(n_b * all_n).sum(axis=0),
        n_total=(n_b * all_t).sum(axis=0),
        t_all=(t_b * all_n).sum(axis=0),
        t_total=(t_b * all_t).sum(axis=0),
        all_all=whole(all_n * all_n),
        all_total=whole(all_n * all_t),
        total_total=whole(all_t * all_t),
        all_n=whole(all_n),
        all_sum=whole(all_t),
    )


def joined(first: BlockMoments, second: BlockMoments) -> BlockMoments:
    """Cells of two sets one behind the other along the last axis."""
    pairs = ((getattr(first, f.name), getattr(second, f.name)) for f in fields(first))
    return BlockMoments(*(np.concatenate(pair, axis=-1) for pair in pairs))


def effective_blocks(m: BlockMoments) -> Floats:
    """How many equal blocks the difference mean − baseline is worth: (Σv_b)²/Σv_b².

    v_b = (1 − n/N)²·n_b + (n/N)²·(N_b − n_b) is what block b would add to the variance if outcomes were independent, so
    a cell that lives in a few blocks has few, however many blocks hold a single event of it.

    Returns:
        One number per cell, at most the number of blocks of the split; nan where n = 0 or the cell is the baseline.

    Source: Satterthwaite (1946), with variances proportional to counts; Kish (1965) for the weights.

    Example: four equal blocks half filled count as four; with all events in one block, that block and a little of the
    others.

    >>> full = np.array([8, 8, 8, 8])
    >>> even, one = (moments_of_blocks(np.array(n)[:, None], np.array(n)[:, None] * 0, full, full * 0,
    ...              covered=np.array([16]), squares=np.array([0])) for n in ([4, 4, 4, 4], [8, 0, 0, 0]))
    >>> float(effective_blocks(even)[0]), float(effective_blocks(one)[0].round(2))
    (4.0, 1.71)
    """
    share = np.nan_to_num(ratio(m.n, m.all_n))
    total = m.n * (1 - share)
    squares = (1 - 2 * share) ** 2 * m.nn + 2 * share**2 * (1 - 2 * share) * m.n_all + share**4 * m.all_all
    return ratio(np.where(total > 0, total**2, np.nan), squares)


def variance_against_baseline(m: BlockMoments) -> Floats:
    """Cluster-robust variance of mean − baseline over time blocks, each side around its own mean.

    U_b = (1−f)(t_b − y·n_b) − f((T_b − t_b) − r·(N_b − n_b));  V = ΣU_b² · G*/(G* − 1) / n²  over all blocks of the
    split; y the mean of the cell, r that of the bars outside it, f = n/N, G* the effective number of blocks. A block
    without event counts: it moves the baseline. The sum is expanded into the moments, so it is exact up to rounding.

    Deviations from the baseline in place of the cell's own mean would let an effect enlarge its own variance: |t| could
    not exceed √(G* − 1), however certain the effect.

    Returns:
        One variance per cell; nan where G* ≤ 1, as on a single block; exactly 0 where the cell is the baseline itself,
        and where outcomes are all the same inside and all the same outside.

    Example, by hand: six blocks of four bars, two of them events. Outside both fall; inside 1 and 2 of 2 rise in turn,
    so y = 3/4 and U_b = ½·(∓½) = ∓¼: ΣU² = 3/8, and V = 3/8 · 6/5 / 12².

    >>> n, t, every = np.full((6, 1), 2), np.array([[1], [2]] * 3), np.full(6, 4)
    >>> m = moments_of_blocks(n, t, every, t[:, 0], covered=np.array([12]), squares=np.array([9]))
    >>> float(variance_against_baseline(m)[0])
    0.003125
    """
    y, share = np.nan_to_num(m.mean), np.nan_to_num(ratio(m.n, m.all_n))
    rest = share * np.nan_to_num(m.mean_outside)
    own = (1 - share) * y + rest
    # U_b = t_b − own·n_b − share·T_b + rest·N_b.
    squares = (m.tt, own**2 * m.nn, share**2 * m.total_total, rest**2 * m.all_all)
    products = (
        rest * m.t_all - own * m.nt - share * m.t_total + own * share * m.n_total,
        -own * rest * m.n_all - share * rest * m.all_total,
    )
    sum_u2 = sum(squares) + 2 * sum(products)
    some = sum_u2 > 1e-12 * sum(squares)
    blocks = np.nan_to_num(effective_blocks(m))
    n = np.asarray(m.n, dtype=np.float64)
    # One block shows no spread, which is no certainty; up to rounding, its G* is 1.
    known = (n > 0) & ((blocks > 1 + 1e-9) | (n == m.all_n))
    scale = ratio(blocks, (blocks - 1) * n**2)
    return np.where(known, np.where(some, np.where(some, sum_u2, 0.0) * scale, 0.0), np.nan)


def independent_variance(n: Counts, share: Floats, inside: Floats, outside: Floats) -> Floats:
    """Variance of mean − baseline if all outcomes were independent: (1−f)²·s²/n + f(1−f)·s_rest²/n.

    Args:
        n: outcomes of the cell.
        share: f, those among all.
        inside: variance of one outcome of the cell.
        outside: variance of one outside it.

    Missing: nan where n = 0.

    Example, by hand: 10 of 20 outcomes, both sides of variance ¼: (¼·¼ + ¼·¼)/10 = 0.0125.

    >>> float(independent_variance(np.array(10), np.array(0.5), np.array(0.25), np.array(0.25)))
    0.0125
    """
    return ratio((1 - share) ** 2 * inside + share * (1 - share) * outside, n)


def design_effect(m: BlockMoments) -> tuple[Floats, Floats]:
    """How many times larger dependence makes the variance of the cell's mean, and how well that is known.

    deff = ΣU_b²/(n·s²) · (1 − 1/n)/(1 − Σn_b²/n²),  U_b = t_b − p̂·n_b, s² the variance of one outcome: 1 on average
    when outcomes are independent, whatever the sizes of the blocks.
    d = n²/(Σn_b² − n) − 1: the degrees of freedom of deff. Only pairs of outcomes inside a block can be dependent; with
    one outcome per block there is nothing to estimate, deff is 1 and d infinite.

    Returns:
        deff and d per cell; deff nan where s² = 0, n < 2 or a single block holds all events.

    Source: design effect: Kish (1965); degrees of freedom by matching the variance of Σ over pairs, ours.

    Example, by hand: two blocks of two, equal inside: U = ±1, ΣU² = 2, n·s² = 1, (3/4)/(1/2): 3; one pair each: d = 3.

    >>> m = moments_of_blocks(np.array([[2], [2]]), np.array([[2], [0]]), np.array([2, 2]), np.array([2, 0]),
    ...                       covered=np.array([4]), squares=np.array([2]))
    >>> [float(x[0]) for x in design_effect(m)]
    [3.0, 3.0]
    """
    p = np.nan_to_num(m.mean)
    n = np.asarray(m.n, dtype=np.float64)
    sum_u2 = m.tt - 2 * p * m.nt + p**2 * m.nn
    rounding = 1e-12 * (m.tt + p**2 * m.nn)
    sum_u2 = np.where(sum_u2 > rounding, sum_u2, 0.0)
    # (1 − 1/n)/(1 − nn/n²) = (n² − n)/(n² − nn).
    deff = ratio(sum_u2, n * np.nan_to_num(m.outcome_variance)) * ratio(n**2 - n, n**2 - m.nn)
    pairs = np.asarray(m.nn - n, dtype=np.float64)
    degrees = np.divide(n**2, pairs, out=np.full(n.shape, np.inf), where=pairs > 0) - 1
    return deff, degrees
