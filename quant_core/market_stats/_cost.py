"""Cost-aware reading: what a cell must achieve to pay for its trades, and whether its interval says it does.

Put here: the columns about costs.
Keep out: formulas (_break_even.py), what a trade pays (targets/).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from quant_core.counting.block_moments import BlockMoments, Counts, Floats, ratio
from quant_core.counting.trades import TradeSums
from quant_core.market_stats._break_even import break_even_rate, mean_payoff_bounds, own_moments
from quant_core.market_stats._panel import Panel
from quant_core.market_stats._trades import BothSides
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.targets.contract import Target

BPS = 1e4
# True, False and unknown as 1, 0 and nan until the frame is made; dropped from the table.
CLEARS_WITH, CLEARS_AGAINST = "_clears_with", "_clears_against"


def cost_of_rates(
    panel: Panel, trades: BothSides | None, rates: dict[str, Counts], m: BlockMoments, horizon: int
) -> dict[str, Counts]:
    """Columns of a binary target; none where no cost is given or no trade is meant.

    A side clears its cost when the interval of its hit rate lies above its break-even rate **and** that of its mean
    payoff lies above the cost. Both, because gains and losses are means of the same sample: where they are uncertain,
    so is the break-even rate, which an interval of the hit rate alone does not see.

    Args:
        panel: says what a round trip costs and how confident intervals are.
        trades: sums of both sides.
        rates: columns ``ci_low`` and ``ci_high`` of the hit rate.
        m: moments of the outcomes; give the cell's blocks and the bars that its windows cover.
        horizon: bars ahead.
    """
    if trades is None or panel.cost_bps is None:
        return {}
    cost, spec = panel.cost_bps / BPS, panel.spec
    break_even, low, high = _side(trades.with_target, m, horizon, cost, spec)
    other, other_low, _ = _side(_swapped(trades.against_target), m, horizon, cost, spec)
    mean = ratio(trades.with_target.total, trades.with_target.n)
    return {
        "cost_bps": np.full(np.shape(mean), panel.cost_bps),
        "break_even": break_even,
        "net_mean_bps": (mean - cost) * BPS,
        "net_ci_low_bps": (low - cost) * BPS,
        "net_ci_high_bps": (high - cost) * BPS,
        CLEARS_WITH: _both(rates["ci_low"] - break_even, low - cost),
        CLEARS_AGAINST: _both(1 - rates["ci_high"] - other, other_low - cost),
    }


def _side(
    sums: TradeSums, outcomes: BlockMoments, horizon: int, cost: float, spec: MarketStatsSpec
) -> tuple[Floats, Floats, Floats]:
    """Break-even rate of one side, and the bounds of its mean payoff, as fractions."""
    decided = sums.n_true + sums.n_false
    open_payoff = sums.total - sums.total_true - sums.total_false
    # Where all are decided the difference is 0 up to rounding; make it 0.
    undecided = np.where(decided == sums.n, 0.0, ratio(open_payoff, decided))
    rate = break_even_rate(
        ratio(sums.total_true, sums.n_true),
        -ratio(sums.total_false, sums.n_false),
        cost,
        undecided,
        ratio(sums.n, decided),
    )
    m = own_moments(
        n=sums.n,
        total=sums.total,
        squares=sums.squares,
        covered=outcomes.covered,
        blocks=outcomes.blocks,
        nn=sums.nn,
        nt=sums.nt,
        tt=sums.tt,
    )
    return (rate, *mean_payoff_bounds(m, horizon, spec.confidence, spec.test.min_blocks))


def _swapped(sums: TradeSums) -> TradeSums:
    """The opposite trade succeeds where the outcome is false."""
    return TradeSums(
        n=sums.n,
        n_true=sums.n_false,
        n_false=sums.n_true,
        total=sums.total,
        squares=sums.squares,
        total_true=sums.total_false,
        total_false=sums.total_true,
        nn=sums.nn,
        nt=sums.nt,
        tt=sums.tt,
    )


def cost_of_means(panel: Panel, target: Target, columns: dict[str, Counts]) -> dict[str, Counts]:
    """Columns of a numeric target whose value is the payoff of a trade: the mean must exceed the cost itself."""
    if target not in panel.trades or panel.cost_bps is None:
        return {}
    mean, low, high = (np.asarray(columns[name], dtype=np.float64) for name in ("mean", "mean_ci_low", "mean_ci_high"))
    cost = panel.cost_bps / BPS
    return {
        "cost_bps": np.full(mean.shape, panel.cost_bps),
        "break_even": np.full(mean.shape, cost),
        "net_mean_bps": (mean - cost) * BPS,
        "net_ci_low_bps": (low - cost) * BPS,
        "net_ci_high_bps": (high - cost) * BPS,
        CLEARS_WITH: _both(low - cost, low - cost),
        CLEARS_AGAINST: _both(-high - cost, -high - cost),
    }


def _both(first: Floats, second: Floats) -> Floats:
    """1 where both are above 0, 0 where not, nan where one is unknown.

    >>> _both(np.array([1.0, 1.0, 0.0, np.nan]), np.array([1.0, -1.0, 1.0, -1.0])).tolist()
    [1.0, 0.0, 0.0, nan]
    """
    return np.where(np.isnan(first) | np.isnan(second), np.nan, ((first > 0) & (second > 0)).astype(np.float64))


def name_cleared_side(frame: pl.DataFrame) -> pl.DataFrame:
    """``clears_cost`` and ``cost_side`` from the helper columns, where they are.

    >>> frame = pl.DataFrame({CLEARS_WITH: [1.0, 0.0, 0.0, None], CLEARS_AGAINST: [0.0, 1.0, 0.0, None]})
    >>> name_cleared_side(frame).rows()
    [(True, 'with'), (True, 'against'), (False, None), (None, None)]
    """
    if CLEARS_WITH not in frame.columns:
        return frame
    with_target, against = pl.col(CLEARS_WITH) == 1, pl.col(CLEARS_AGAINST) == 1
    side = pl.when(with_target).then(pl.lit("with")).when(against).then(pl.lit("against"))
    return frame.with_columns((with_target | against).alias("clears_cost"), side.alias("cost_side")).drop(
        CLEARS_WITH, CLEARS_AGAINST
    )
