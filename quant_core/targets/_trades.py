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

    Args:
        bars: the market.
        entry: price per bar; null where unknown.
        exit_: price per bar; null where unknown.
        direction: ``up`` buys first, ``down`` sells first.
        exit_against: where the opposite trade ends; ``exit_`` where not given.

    Missing: null where a price is null or the entry is not positive.

    Example, by hand: 2 → 3 is +50 % bought and −50 % sold; from a price of 0 there is no trade.

    >>> bars = Bars.of(close=[2, 3, 0, 1])
    >>> trade_between(bars, pl.col("close"), pl.col("close").shift(-1), "down").rows()
    [(-0.5, 0.5), (1.0, -1.0), (None, None), (None, None)]
    """
    sign = 1.0 if direction == "up" else -1.0
    other = exit_ if exit_against is None else exit_against
    # + 0.0: a trade that ends where it began pays 0, not −0.
    return bars.frame.select(
        pl.when(entry > 0).then(sign * (exit_ / entry - 1) + 0.0).alias("payoff"),
        pl.when(entry > 0).then(-sign * (other / entry - 1) + 0.0).alias("payoff_against"),
    )
