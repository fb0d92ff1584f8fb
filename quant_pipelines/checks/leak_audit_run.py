"""One leak audit of the lake: published bars, the blocks and engines of the research spec.

Put here: which bars, blocks and engines of a partition are audited.
Keep out: cutting and comparing (quant_core.leak_audit), how a leak is shown (leak_audit_finding.py), the asset check
and its job (leak_audit_check.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from quant_core.bars import Bars
from quant_core.errors import ConfigError
from quant_core.leak_audit.blocks import MIN_BARS, AuditedBlocks, AuditReport, audit_blocks
from quant_core.leak_audit.engines import market_stats_engine, seasonality_engine
from quant_core.leak_audit.rewriting import AuditedEngine
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.seasonality.settings import SeasonalityProfileSpec
from quant_core.spec import ResearchSpec
from quant_core.splitters import Splitter
from quant_core.splitters.single_split import SingleSplit
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.published_bars import load_bars


@dataclass(frozen=True)
class LeakAuditSettings:
    """How hard is looked.

    Attributes:
        n_cuts: random cuts per partition and audit; those at moves, gaps and clock changes come on top.
        seed: of the cuts, folds and rewritten prices; equal seeds give equal audits.
        newest_bars: bars per partition that blocks and engines are computed on, the newest; folds are cut on all bars.
        fresh_process: whether blocks are compared with those of a process that never saw a later bar.
    """

    n_cuts: int = 10
    seed: int = 20240229
    newest_bars: int = 5000
    fresh_process: bool = True


def is_in_scope(research: ResearchSpec, key: PartitionKey) -> bool:
    """True for a partition that the spec is about."""
    data = research.data
    timeframes = None if data.timeframes is None else [t.value for t in data.timeframes]
    return (data.symbols is None or key.symbol in data.symbols) and (timeframes is None or key.timeframe in timeframes)


@dataclass(frozen=True)
class AuditedPart:
    """Bars, the blocks that were computed on them, and what their audit found."""

    bars: Bars
    blocks: AuditedBlocks
    report: AuditReport


def audit_partition(
    lake: Lake, research: ResearchSpec, key: PartitionKey, settings: LeakAuditSettings
) -> list[AuditedPart]:
    """Audit the spec's blocks and engines on one partition's bars; empty: fewer bars than a cut needs.

    On the newest bars: the features, the events, conditions and targets of the partition's timeframe, the bars of every
    coarser timeframe and the join to them, calendar bins and metrics of the seasonal profile, and both engines. On all
    bars: the folds.

    Raises:
        LakeError: the partition has no bars.
    """
    bars = load_bars(lake, key).bars(research.data.start, research.data.end)
    if len(bars) < MIN_BARS:
        return []
    newest = bars.with_frame(bars.frame.tail(max(settings.newest_bars, MIN_BARS)))
    spec, timeframe = research.market_stats.at(bars.timeframe), bars.timeframe
    profile = research.seasonality.profile_at(timeframe)
    blocks = AuditedBlocks(
        features=research.features,
        events=spec.events,
        conditions=spec.conditions,
        higher_timeframes=[t for t in Timeframe if t > timeframe],
        targets=spec.targets,
        dimensions=profile.resolved_dimensions(),
        metrics=profile.resolved_metrics(),
    )
    folds = AuditedBlocks(splitters=[spec.splitter])
    cuts, seed = settings.n_cuts, settings.seed
    engines, fresh = _engines(newest, spec, profile), settings.fresh_process
    report = audit_blocks(newest, blocks, n_cuts=cuts, seed=seed, engines=engines, fresh_process=fresh)
    return [
        AuditedPart(newest, blocks, report),
        AuditedPart(bars, folds, audit_blocks(bars, folds, n_cuts=cuts, seed=seed)),
    ]


def _engines(bars: Bars, spec: MarketStatsSpec, profile: SeasonalityProfileSpec) -> list[AuditedEngine]:
    """The engines of one timeframe on folds that these bars hold; none where they are too few for any fold."""
    splitter = _splitter(bars, spec.splitter)
    if splitter is None:
        return []
    engines = [seasonality_engine(profile, splitter)]
    if spec.events and spec.targets:
        engines.append(market_stats_engine(replace(spec, splitter=splitter)))
    return engines


def _splitter(bars: Bars, splitter: Splitter) -> Splitter | None:
    """The spec's splitter, or one cut with an embargo where the newest bars are too few for it."""
    for rule in (splitter, SingleSplit(embargo_days=1)):
        try:
            rule.folds(bars.frame["session_date"])
        except ConfigError:
            # Too short for this rule: the next one needs less, and none at all is counted as no value of an engine.
            continue
        return rule
    return None
