"""What a trade must achieve to pay for its cost.

Put here: the break-even hit rate of a cell's trades, and the interval of their mean payoff.
Keep out: which trades (targets/) and which columns (market_stats/_cost.py).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from quant_core.counting.block_moments import BlockMoments, Counts, Floats, ratio
from quant_core.estimators.effective_sample_size import EffectiveSampleSize
from quant_core.special_functions import t_quantile

Numbers: TypeAlias = float | Floats


def break_even_rate(
    gain: Numbers, loss: Numbers, cost: Numbers, undecided: Numbers = 0.0, per_decided: Numbers = 1.0
) -> Floats:
    """The hit rate at which trades pay for their cost: (loss + owed)/(gain + loss).

    owed = cost·per_decided − undecided: what every decided trade has to earn: its own cost, that of the trades that
    were closed undecided, less what those paid. Without undecided trades it is the cost. The rate may lie above 1 (not
    even a sure gain pays) or below 0. Solves rate·gain − (1 − rate)·loss = owed.

    Args:
        gain: mean payoff of the trades that succeeded.
        loss: mean loss of those that failed, as a positive number.
        cost: per trade, in the same unit, ≥ 0.
        undecided: total payoff of undecided trades / number of decided ones.
        per_decided: number of trades / number of decided ones, ≥ 1.

    Missing: nan where a mean is nan or gain + loss is not positive.
    Source: the break-even of a bet with unequal stakes: Kelly (1956); the undecided trades are ours.

    Example, by hand: 10 up or 10 down at a cost of 1: 11/20. With a stop at half the distance: 6/15. A tenth of the
    trades closed at a loss of 2 leave 0.2/0.9 more to earn, and 0.1/0.9 more to pay.

    >>> float(break_even_rate(10, 10, 1)), float(break_even_rate(10, 5, 1)), float(break_even_rate(0, 0, 1))
    (0.55, 0.4, nan)
    >>> round(float(break_even_rate(10, 10, 1, undecided=-0.2 / 0.9, per_decided=1 / 0.9)), 9)
    0.566666667
    """
    owed = cost * per_decided - undecided
    return ratio(np.asarray(loss + owed), np.asarray(gain + loss))


def mean_payoff_bounds(m: BlockMoments, horizon: int, confidence: float, min_blocks: int = 10) -> tuple[Floats, Floats]:
    """The interval of a mean of numbers, from sums over time blocks: mean ± t·s/√n_eff.

    s² is the sample variance, n_eff the effective sample size of the numbers themselves (returns over windows that
    overlap depend more than their signs), t the quantile with G* − 1 degrees of freedom, G* = n²/Σn_b² the number of
    equal blocks that the cell's are worth.

    Args:
        m: moments; those over all bars are not used.
        horizon: bars ahead.
        confidence: coverage, fraction in (0, 1).
        min_blocks: as in the test of the cell: fewer blocks say too little of the spread.

    Missing: nan under min_blocks blocks and at G* ≤ 1, where the spread is unknown, and where numbers are all equal: an
    interval of no width would be certainty.
    Source: Student's t with the degrees of freedom of Satterthwaite (1946).

    Example: both trades of a block pay 3, both of the next pay 1: each of the 20 blocks is one observation, so this is
    the textbook interval of 20 numbers, 2 ± 2.093·√(20/19)/√20.

    >>> from quant_core.counting.block_moments import moments_of_blocks
    >>> n = np.full((20, 1), 2)
    >>> t = np.tile([[6.0], [2.0]], (10, 1))
    >>> m = moments_of_blocks(n, t, n[:, 0], t[:, 0], covered=np.array([40]), squares=np.array([200.0]))
    >>> [round(float(x[0]), 3) for x in mean_payoff_bounds(m, 1, 0.95)]
    [1.52, 2.48]
    >>> few = moments_of_blocks(n[:9], t[:9], n[:9, 0], t[:9, 0], covered=np.array([18]), squares=np.array([98.0]))
    >>> float(mean_payoff_bounds(few, 1, 0.95)[0][0])
    nan
    """
    n = np.asarray(m.n, dtype=np.float64)
    variance = np.asarray(m.outcome_variance) * ratio(n, n - 1)
    n_eff = EffectiveSampleSize().of_moments(m, horizon, discount=False)
    degrees = np.nan_to_num(ratio(n**2, m.nn)) - 1
    varies = np.asarray(m.outcome_variance) > 1e-12 * np.nan_to_num(ratio(m.squares, n))
    enough = (m.blocks >= min_blocks) & (degrees > 0) & varies
    degrees = np.where(enough, degrees, np.nan)
    margin = t_quantile(0.5 + confidence / 2, degrees) * np.sqrt(ratio(variance, n_eff))
    return m.mean - margin, m.mean + margin


def own_moments(
    *, n: Counts, total: Counts, squares: Counts, covered: Counts, blocks: Counts, nn: Counts, nt: Counts, tt: Counts
) -> BlockMoments:
    """The moments of a cell on its own, without the bars around it: what intervals need, and tests do not."""
    none = np.zeros_like(n)
    around = (
        "n_all",
        "n_total",
        "t_all",
        "t_total",
        "all_all",
        "all_total",
        "total_total",
        "all_n",
        "all_sum",
    )
    return BlockMoments(
        n=n,
        total=total,
        squares=squares,
        covered=covered,
        blocks=blocks,
        nn=nn,
        nt=nt,
        tt=tt,
        **dict.fromkeys(around, none),
    )
