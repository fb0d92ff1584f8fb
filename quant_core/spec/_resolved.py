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
from typing import Any, TypeVar

from quant_core.block import Block
from quant_core.conditions._base import Condition
from quant_core.errors import ConfigError
from quant_core.events._base import Event
from quant_core.features._base import Feature
from quant_core.splitters import Splitter
from quant_core.splitters.single_split import SingleSplit
from quant_core.targets._base import Target
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
class ResearchSpec:
    """A whole research file, resolved.

    Attributes:
        aliases: free name of the file → canonical id; for display only, no part of the id.
    """

    data: DataSpec
    features: tuple[Feature, ...]
    market_stats: MarketStatsSpec
    seed: int = 0
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])

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
        return plain

    @property
    def spec_id(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the canonical spec."""
        text = json.dumps(self.canonical, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """Blocks, dataclasses and mappings as JSON values."""
    if isinstance(value, Block):
        return value.canonical
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, tuple):
        return [_plain(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, DataSpec | MarketStatsSpec):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value.isoformat() if isinstance(value, date) else value
