"""Cost-aware reading: what a cell must achieve to pay for its trades, and whether its interval says it does.

Put here: the columns about costs.
Keep out: formulas (_break_even.py), what a trade pays (targets/).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from quant_core.counting.block_moments import BlockMoments, Counts, Floats, ratio
from quant_core.counting.trades import TradeSums
from quant_core.market_stats._break_even import break_even_rate, mean_payoff_bounds, own_moments
from quant_core.market_stats._panel import Panel
from quant_core.market_stats._trades import BothSides, Trades
from quant_core.market_stats.settings import MarketStatsSpec

BPS = 1e4
# True, False and unknown as 1, 0 and nan until the frame is made; dropped from the table.
CLEARS_WITH, CLEARS_AGAINST = "_clears_with", "_clears_against"


def cost_of_rates(
    panel: Panel, trades: Trades | None, rates: dict[str, Counts], m: BlockMoments, horizon: int
) -> dict[str, Counts]:
    """Columns of a binary target; none where no cost is given or no trade is meant.

    A side clears its cost when the interval of its hit rate lies above its break-even rate **and** that of its mean
    payoff lies above the cost, from the entry that the target means **and** from the next open. Both of the first two,
    because gains and losses are means of the same sample: where they are uncertain, so is the break-even rate, which an
    interval of the hit rate alone does not see. The next open, because nobody trades at the close that made the event:
    where closes bounce between bid and ask, half the spread is earned on paper only.

    Args:
        panel: says what a round trip costs and how confident intervals are.
        trades: sums of both sides, by entry.
        rates: columns ``ci_low`` and ``ci_high`` of the hit rate.
        m: moments of the outcomes; give the cell's blocks and the bars that its windows cover.
        horizon: bars ahead.
    """
    if trades is None or trades.as_meant is None or panel.cost_bps is None:
        return {}
    cost, meant = panel.cost_bps / BPS, trades.as_meant
    reading = PayoffReading(m, horizon, panel.spec)
    low, high = reading.bounds(meant.with_target)
    other_low, _ = reading.bounds(meant.against_target)
    open_columns, open_low, open_other_low = _at_open(trades.at_open, reading, cost)
    break_even = _break_even(meant.with_target, cost)
    beyond, beyond_other = (
        rates["ci_low"] - break_even,
        1 - rates["ci_high"] - _break_even(_swapped(meant.against_target), cost),
    )
    return {
        "cost_bps": np.full(np.shape(low), panel.cost_bps),
        "break_even": break_even,
        "net_mean_bps": (ratio(meant.with_target.total, meant.with_target.n) - cost) * BPS,
        "net_ci_low_bps": (low - cost) * BPS,
        "net_ci_high_bps": (high - cost) * BPS,
        **open_columns,
        CLEARS_WITH: _all_positive(beyond, low - cost, open_low),
        CLEARS_AGAINST: _all_positive(beyond_other, other_low - cost, open_other_low),
    }


@dataclass(frozen=True)
class PayoffReading:
    """How the mean payoff of a cell's trades is read: with the blocks and the confidence of its outcomes."""

    outcomes: BlockMoments
    horizon: int
    spec: MarketStatsSpec

    def bounds(self, sums: TradeSums) -> tuple[Floats, Floats]:
        """The interval of the mean payoff, fractions."""
        m = own_moments(
            n=sums.n,
            total=sums.total,
            squares=sums.squares,
            covered=self.outcomes.covered,
            blocks=self.outcomes.blocks,
            nn=sums.nn,
            nt=sums.nt,
            tt=sums.tt,
        )
        return mean_payoff_bounds(m, self.horizon, self.spec.confidence, self.spec.test.min_blocks)


def _at_open(trades: BothSides, reading: PayoffReading, cost: float) -> tuple[dict[str, Counts], Floats, Floats]:
    """The columns of the entry at the next open, and the lower bounds of both sides' mean less the cost."""
    low, high = reading.bounds(trades.with_target)
    other_low, _ = reading.bounds(trades.against_target)
    mean, other = (ratio(side.total, side.n) for side in (trades.with_target, trades.against_target))
    columns: dict[str, Counts] = {
        "net_open_mean_bps": (mean - cost) * BPS,
        "net_open_ci_low_bps": (low - cost) * BPS,
        "net_open_ci_high_bps": (high - cost) * BPS,
        "net_open_against_bps": (other - cost) * BPS,
    }
    return columns, low - cost, other_low - cost


def _break_even(sums: TradeSums, cost: float) -> Floats:
    """The hit rate at which a side's trades pay for their cost."""
    decided = sums.n_true + sums.n_false
    open_payoff = sums.total - sums.total_true - sums.total_false
    # Where all are decided the difference is 0 up to rounding; make it 0.
    undecided = np.where(decided == sums.n, 0.0, ratio(open_payoff, decided))
    return break_even_rate(
        ratio(sums.total_true, sums.n_true),
        -ratio(sums.total_false, sums.n_false),
        cost,
        undecided,
        ratio(sums.n, decided),
    )


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


def cost_of_means(
    panel: Panel, trades: Trades | None, columns: dict[str, Counts], m: BlockMoments, horizon: int
) -> dict[str, Counts]:
    """Columns of a numeric target whose value is the payoff of a trade: the mean must exceed the cost itself.

    A side clears its cost when the interval of its mean lies beyond it from this close and from the next open.
    """
    if trades is None or panel.cost_bps is None:
        return {}
    mean, low, high = (np.asarray(columns[name], dtype=np.float64) for name in ("mean", "mean_ci_low", "mean_ci_high"))
    cost = panel.cost_bps / BPS
    open_columns, open_low, open_other_low = _at_open(trades.at_open, PayoffReading(m, horizon, panel.spec), cost)
    return {
        "cost_bps": np.full(mean.shape, panel.cost_bps),
        "break_even": np.full(mean.shape, cost),
        "net_mean_bps": (mean - cost) * BPS,
        "net_ci_low_bps": (low - cost) * BPS,
        "net_ci_high_bps": (high - cost) * BPS,
        **open_columns,
        CLEARS_WITH: _all_positive(low - cost, open_low),
        CLEARS_AGAINST: _all_positive(-high - cost, open_other_low),
    }


def _all_positive(*margins: Floats) -> Floats:
    """1 where all are above 0, 0 where not, nan where one is unknown.

    >>> _all_positive(np.array([1.0, 1.0, 0.0, np.nan]), np.array([1.0, -1.0, 1.0, -1.0])).tolist()
    [1.0, 0.0, 0.0, nan]
    """
    stacked = np.stack(np.broadcast_arrays(*margins))
    return np.where(np.isnan(stacked).any(axis=0), np.nan, (stacked > 0).all(axis=0).astype(np.float64))


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
