"""The research spec after every default is filled in and every string is a block.

Put here: the frozen values that engines receive, and the id made of them.
Keep out: the shape of the file (``_models.py``) and its reading (``__init__.py``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeVar

from quant_core.block import Block
from quant_core.compute import Compute
from quant_core.conditions.contract import Condition
from quant_core.errors import ConfigError
from quant_core.events.contract import Event
from quant_core.features.contract import Feature
from quant_core.seasonality.spec import SeasonalityProfileSpec, SeasonalitySpec, resolve_dimension
from quant_core.splitters import Splitter
from quant_core.splitters.single_split import SingleSplit
from quant_core.targets.contract import Target
from quant_core.timeframes import Timeframe

B = TypeVar("B", bound=Block)


@dataclass(frozen=True)
class DataSpec:
    """Which partitions and which stretch of time the spec is about; None: all there is.

    Attributes:
        start: first session, inclusive.
        end: last session, inclusive.
    """

    symbols: tuple[str, ...] | None = None
    timeframes: tuple[Timeframe, ...] | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class CostSpec:
    """What it costs to enter and leave a trade once: spread, commission and slippage together.

    Attributes:
        round_trip_bps: of the entry price in basis points, charged on every trade, won or lost; ≥ 0.
        by_symbol: (pattern, round_trip_bps) for some symbols; ``*`` stands for anything, the first match counts.
    """

    round_trip_bps: float
    by_symbol: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for bps in (self.round_trip_bps, *(bps for _, bps in self.by_symbol)):
            if not 0 <= bps < float("inf"):
                raise ConfigError.at(
                    "market_stats.cost",
                    expected="basis points of the entry price, 0 or more",
                    found=bps,
                    next_step="Give what a round trip costs; 0 for a market without cost.",
                )

    def bps_of(self, symbol: str) -> float:
        """Cost of a round trip in one symbol, basis points.

        >>> cost = CostSpec(2.0, (("EUR*", 0.5), ("*USD", 1.0)))
        >>> cost.bps_of("EURUSD"), cost.bps_of("GBPUSD"), cost.bps_of("SP500")
        (0.5, 1.0, 2.0)
        """
        return next((bps for pattern, bps in self.by_symbol if fnmatchcase(symbol, pattern)), self.round_trip_bps)


@dataclass(frozen=True)
class MarketStatsSpec:
    """What ``compute_market_stats`` computes.

    Attributes:
        splitter, splitter_by_timeframe: how each timeframe's history is cut into folds.
        confidence: of every interval, fraction.
        fdr: false-discovery rate of a verdict, fraction.
        power: of the minimum detectable effect, fraction.
        n_min, n_min_by_timeframe: cells with fewer events are insufficient and outside the families.
        n_resamples: bootstrap repetitions per numeric cell.
        only: canonical id → timeframes, for blocks that are not meant for all.
        cost: of a round trip; None: nobody said what trading costs, so the columns about it are null. Never a silent 0.
    """

    events: tuple[Event, ...]
    targets: tuple[Target, ...]
    conditions: tuple[Condition, ...] = ()
    splitter: Splitter = field(default_factory=SingleSplit)
    splitter_by_timeframe: Mapping[Timeframe, Splitter] = field(default_factory=dict[Timeframe, Splitter])
    confidence: float = 0.95
    fdr: float = 0.05
    power: float = 0.8
    n_min: int = 300
    n_min_by_timeframe: Mapping[Timeframe, int] = field(default_factory=dict[Timeframe, int])
    n_resamples: int = 999
    seed: int = 0
    only: Mapping[str, tuple[Timeframe, ...]] = field(default_factory=dict[str, tuple[Timeframe, ...]])
    cost: CostSpec | None = None

    def __post_init__(self) -> None:
        for family in (self.events, self.conditions, self.targets):
            names = [b.canonical for b in family]
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise ConfigError(f"Block {twice[0]!r} is listed twice in market_stats. Remove one of them.")

    def at(self, timeframe: Timeframe) -> MarketStatsSpec:
        """The spec of one timeframe: its blocks, its splitter and its minimum.

        >>> spec = MarketStatsSpec((), (), n_min_by_timeframe={Timeframe.W1: 30})
        >>> spec.at(Timeframe.W1).n_min, spec.at(Timeframe.D1).n_min
        (30, 300)
        """

        def kept(blocks: tuple[B, ...]) -> tuple[B, ...]:
            return tuple(b for b in blocks if timeframe in self.only.get(b.canonical, tuple(Timeframe)))

        return replace(
            self,
            events=kept(self.events),
            conditions=kept(self.conditions),
            targets=kept(self.targets),
            splitter=self.splitter_by_timeframe.get(timeframe, self.splitter),
            splitter_by_timeframe={},
            n_min=self.n_min_by_timeframe.get(timeframe, self.n_min),
            n_min_by_timeframe={},
            only={},
        )


@dataclass(frozen=True)
class SeasonalitySection:
    """What ``compute_seasonality`` and ``compute_stability`` compute, per timeframe.

    Attributes:
        spec: profile and signal.
        min_samples_bin_by_timeframe: overrides ``spec.profile.min_samples_bin``; higher timeframes have fewer bars.
    """

    spec: SeasonalitySpec = SeasonalitySpec()  # noqa: RUF009 (a frozen model)
    min_samples_bin_by_timeframe: Mapping[Timeframe, int] = field(default_factory=dict[Timeframe, int])

    def profile_at(self, timeframe: Timeframe) -> SeasonalityProfileSpec:
        """The profile of one timeframe.

        >>> section = SeasonalitySection(min_samples_bin_by_timeframe={Timeframe.W1: 40})
        >>> section.profile_at(Timeframe.W1).min_samples_bin, section.profile_at(Timeframe.H1).min_samples_bin
        (40, 300)
        """
        profile = self.spec.profile
        least = self.min_samples_bin_by_timeframe.get(timeframe, profile.min_samples_bin)
        return profile.model_copy(update={"min_samples_bin": least})

    @property
    def canonical(self) -> dict[str, Any]:
        """The section as plain values: flags, aliases and lists that mean the same blocks are equal."""
        profile, signal = self.spec.profile, self.spec.signal.model_dump(mode="json")
        plain = {name: getattr(profile, name) for name in ("measure", "min_samples_bin", "q_max", "confidence")}
        return {
            **plain,
            "by_year": profile.by_year,
            "dimensions": sorted(d.canonical for d in profile.resolved_dimensions()),
            "metrics": sorted(m.canonical for m in profile.resolved_metrics()),
            "signal": {**signal, "dims": [resolve_dimension(d, profile.zone).canonical for d in self.spec.signal.dims]},
            "min_samples_bin_by_timeframe": _plain(self.min_samples_bin_by_timeframe),
        }


@dataclass(frozen=True)
class ResearchSpec:
    """A whole research file, resolved.

    Attributes:
        aliases: free name of the file → canonical id; for display only, no part of the id.
        compute: threads and memory; no part of the id, because results do not depend on them.
    """

    data: DataSpec
    features: tuple[Feature, ...]
    market_stats: MarketStatsSpec
    seed: int = 0
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    seasonality: SeasonalitySection = field(default_factory=SeasonalitySection)
    compute: Compute = field(default_factory=Compute)

    @property
    def canonical(self) -> dict[str, Any]:
        """The spec as plain values: equal specs, however written, give equal values."""
        plain = _plain(
            {"data": self.data, "features": self.features, "market_stats": self.market_stats, "seed": self.seed}
        )
        for family in ("events", "conditions", "targets"):
            # Results do not depend on the order in which blocks are listed.
            plain["market_stats"][family].sort()
        plain["features"].sort()
        return plain | {"seasonality": self.seasonality.canonical}

    @property
    def spec_id(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the canonical spec."""
        return _id_of(self.canonical)

    def section_id(self, section: Literal["features", "market_stats", "seasonality"]) -> str:
        """The id of what one section's results depend on: the section, ``data`` and ``seed``.

        A change in one section leaves the results of the others up to date.

        >>> spec = ResearchSpec(DataSpec(), (), MarketStatsSpec((), ()))
        >>> other = replace(spec, market_stats=MarketStatsSpec((), (), fdr=0.2))
        >>> [spec.section_id(s) == other.section_id(s) for s in ("features", "market_stats", "seasonality")]
        [True, False, True]
        >>> spec.spec_id == other.spec_id
        False
        """
        whole = self.canonical
        return _id_of({name: whole[name] for name in ("data", section, "seed")})


def _id_of(plain: Mapping[str, Any]) -> str:
    """16 hexadecimal digits of plain values."""
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """Blocks, dataclasses and mappings as JSON values."""
    if isinstance(value, Block):
        return value.canonical
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, tuple):
        return [_plain(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, DataSpec | MarketStatsSpec | CostSpec):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value.isoformat() if isinstance(value, date) else value
