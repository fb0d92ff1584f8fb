"""The outcomes behind one finding, from the bars that it was computed from.

Put here: opening a cell, and summing its outcomes over time and by year.
Keep out: finding the bars of a cell (quant_core.market_stats.details), texts and figures (finding_pages.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from quant_core.bars import Bars
from quant_core.events.always_true import AlwaysTrue
from quant_core.grammar import parse_block
from quant_core.market_stats.details import CellName, cell_details
from quant_core.spec import ResearchSpec
from quant_core.targets import TARGETS
from quant_core.targets.contract import Target

ALWAYS = AlwaysTrue()


@dataclass(frozen=True)
class Outcomes:
    """What followed the event bars of a pooled cell.

    Attributes:
        events: the event bars in time order: ``ts``, ``value``, ``excess`` (value less the baseline, added up) and
            ``paid`` (net of the better side's trade from the next open, basis points; null without a trade).
        years: ``year``, ``n``, ``estimate``, ``baseline`` (all bars of the year that lie in a test), ``paid`` (mean).
        bars: ``ts`` and ``close`` from the first to the last event bar.
    """

    events: pl.DataFrame
    years: pl.DataFrame
    bars: pl.DataFrame


def outcomes_of(bars: Bars, research: ResearchSpec, row: Mapping[str, Any]) -> Outcomes:
    """Open a cell of ``market_stats``, all tests pooled.

    Args:
        bars: those that the cell was computed from.
        research: the spec that it was computed with.
        row: the cell with ``net_best_side``.
    """
    spec = research.market_stats
    name = CellName(row["event"], row["target"], row["condition"], row["condition_value"])
    # The baseline of a year is that of every bar that could have been an event.
    everywhere = replace(spec, events=(ALWAYS,))
    events = cell_details(bars, spec, name).select("ts", "value")
    every = cell_details(bars, everywhere, CellName(ALWAYS.canonical, row["target"])).select("ts", "value")
    baseline = row["baseline"] if row["target_kind"] == "binary" else row["mean"] - row["lift_mean"]
    target: Target = parse_block(TARGETS, row["target"])
    events = events.join(_paid(bars, target, row), on="ts", how="left", maintain_order="left")
    events = events.with_columns((pl.col("value") - baseline).cum_sum().alias("excess"))
    year = pl.col("ts").dt.year().alias("year")
    value, paid = pl.col("value").mean(), pl.col("paid").mean()
    own = events.group_by(year).agg(pl.len().alias("n"), value.alias("estimate"), paid)
    all_bars = every.group_by(year).agg(value.alias("baseline"))
    years = own.join(all_bars, on="year", how="left").sort("year")
    span = pl.col("ts").is_between(events["ts"].min(), events["ts"].max())
    return Outcomes(events, years, bars.frame.select("ts", "close").filter(span))


def _paid(bars: Bars, target: Target, row: Mapping[str, Any]) -> pl.DataFrame:
    """``ts`` and ``paid`` of every bar: what the better side's trade from the next open leaves, basis points."""
    trades = target.trade(bars) if row["cost_bps"] is not None else None
    if trades is None:
        return bars.frame.select("ts", pl.lit(None, dtype=pl.Float64).alias("paid"))
    side = "payoff_at_open" if row["net_best_side"] == "with" else "payoff_against_at_open"
    return bars.frame.select("ts").with_columns((trades[side] * 1e4 - row["cost_bps"]).alias("paid"))
