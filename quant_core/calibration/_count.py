"""Hits and trials: the shape of what every measure counts.

Put here: grouping rows of ``market_stats`` by target, horizon, event and condition.
Keep out: which rows are trials and what a hit is (``_null.py``, ``_planted.py``).
"""

from __future__ import annotations

import polars as pl

GROUP = ("target", "horizon_bars", "event", "condition")
ANY = "any"
SMALLEST_CELL = 30


def _block_name(column: str) -> pl.Expr:
    """The name of a block without its parameters; a calendar bin goes by its dimension."""
    return pl.col(column).str.extract(r"^(?:calendar_bin\(dimension=)?(\w+)")


def counted(trials: pl.DataFrame, measure: str, hit: pl.Expr) -> pl.DataFrame:
    """Hits and trials of one measure by names of target, event and condition.

    >>> rows = pl.DataFrame({"target": ["t(h=5)"] * 2, "horizon_bars": [5, 5], "event": ["e(k=1)", "e(k=2)"],
    ...                      "condition": ["calendar_bin(dimension=dow(zone=utc))"] * 2, "p": [0.01, 0.5]})
    >>> counted(rows, "size", pl.col("p") <= 0.05).rows()
    [('t', 5, 'e', 'dow', 1, 2, 'size')]
    """
    names = [_block_name(c).alias(c) for c in ("target", "event", "condition")]
    grouped = trials.with_columns(*names, hit.cast(pl.Int64).alias("hit")).group_by(GROUP, maintain_order=True)
    return grouped.agg(pl.col("hit").sum().alias("hits"), pl.len().cast(pl.Int64).alias("trials")).with_columns(
        measure=pl.lit(measure)
    )


def counted_once(measure: str, *, hit: bool, target: str = ANY, horizon: int = 0) -> pl.DataFrame:
    """One trial of a whole family."""
    frame = pl.DataFrame(
        {"target": target, "horizon_bars": horizon, "event": ANY, "condition": ANY, "hits": int(hit), "trials": 1}
    )
    return frame.with_columns(measure=pl.lit(measure))


def labelled(parts: list[pl.DataFrame], world: str) -> pl.DataFrame:
    """All measures of one simulation, with the world's id."""
    return pl.concat(parts).with_columns(world=pl.lit(world), effect=pl.lit(None, pl.Float64))
