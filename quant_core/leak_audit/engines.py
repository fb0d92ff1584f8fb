"""The engines that the leak audit knows: market statistics and seasonal profiles.

Put here: one function per engine, which says how it runs and what of its blocks looks back at nothing.
Keep out: what must not change and when (rewriting.py).
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from quant_core.bars import Bars
from quant_core.events.always_true import AlwaysTrue
from quant_core.leak_audit.rewriting import AuditedEngine
from quant_core.market_stats import compute_market_stats
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.seasonality import compute_seasonality
from quant_core.seasonality.settings import SeasonalityProfileSpec
from quant_core.splitters import Splitter
from quant_core.tables.market_stats import TABLE as MARKET_STATS
from quant_core.tables.seasonality_profiles import TABLE as SEASONALITY
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.up_next_bar import UpNextBar


def market_stats_engine(spec: MarketStatsSpec) -> AuditedEngine:
    """Market statistics of one timeframe's spec; its probe: every bar, and returns over each horizon of the spec.

    >>> spec = MarketStatsSpec(events=(AlwaysTrue(),), targets=(UpNextBar(),))
    >>> market_stats_engine(spec).compute(Bars.of(close=[1.0, 2.0, 1.0] * 20)).select("split", "n").rows()
    [('oos_pooled', 24), ('test', 24), ('train', 16)]
    """
    horizons = sorted({target.horizon for target in spec.targets})
    targets = (UpNextBar(), *(ForwardReturnN(horizon_bars=h) for h in horizons))
    probe = replace(spec, events=(AlwaysTrue(),), targets=targets, conditions=())
    return AuditedEngine(
        "market_stats",
        spec.splitter,
        lambda bars: compute_market_stats(bars, spec),
        lambda bars: compute_market_stats(bars, probe),
        MARKET_STATS.key,
        ("replicated",),
    )


def seasonality_engine(spec: SeasonalityProfileSpec, splitter: Splitter) -> AuditedEngine:
    """Seasonal profiles of a splitter's folds; they read the bars of their split alone, so they are their own probe."""

    def compute(bars: Bars) -> pl.DataFrame:
        return compute_seasonality(bars, spec, splitter.folds(bars.frame["session_date"]))

    judged = ("stability", "stable", "replicated")
    return AuditedEngine("seasonality_profiles", splitter, compute, compute, SEASONALITY.key, judged)
