"""The frames that targets return for the trades they stand for.

Put here: payoffs of trades from their entry and exit prices.
Keep out: which prices those are (one file per target) and costs (market_stats/_cost.py).
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from quant_core.bars import Bars


def trade_between(
    bars: Bars,
    entry: pl.Expr,
    exit_: pl.Expr,
    direction: Literal["up", "down"] = "up",
    exit_against: pl.Expr | None = None,
) -> pl.DataFrame:
    """Payoffs of a trade from one price to another: ±(exit/entry − 1), a fraction of the entry price.

    Once from the entry that the target means, and once from the next open to the same exit (``…_at_open``): a decision
    at a close can be traded there at the earliest.

    Args:
        bars: the market.
        entry: price per bar; null where unknown.
        exit_: price per bar; null where unknown.
        direction: ``up`` buys first, ``down`` sells first.
        exit_against: where the opposite trade ends; ``exit_`` where not given.

    Missing: null where a price is null or the entry is not positive.

    Example, by hand: 2 → 5 is +150 % bought and −150 % sold; from a price of 0 there is no trade. The bar after the
    first opens at 4, from where 5 is +25 %.

    >>> bars = Bars.of(open=[2, 4, 5, 2], high=[5, 5, 5, 2], low=[2, 2, 0, 0.5], close=[2, 5, 0, 1])
    >>> down = trade_between(bars, pl.col("close"), pl.col("close").shift(-1), "down")
    >>> down.select("payoff", "payoff_against").rows()
    [(-1.5, 1.5), (1.0, -1.0), (None, None), (None, None)]
    >>> down.select("payoff_at_open", "payoff_against_at_open").rows()
    [(-0.25, 0.25), (1.0, -1.0), (0.5, -0.5), (None, None)]
    """
    sign = 1.0 if direction == "up" else -1.0
    other = exit_ if exit_against is None else exit_against
    entries = {"": entry, "_at_open": pl.col("open").shift(-1)}
    return bars.frame.select(
        pl.when(price > 0).then(side * (end / price - 1)).alias(name + where)
        for where, price in entries.items()
        for name, side, end in (("payoff", sign, exit_), ("payoff_against", -sign, other))
    )
