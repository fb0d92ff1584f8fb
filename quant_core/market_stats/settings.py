"""The section ``market_stats`` of the research file: what is counted and how it is judged.

Put here: the section, its shape in the file and the frozen value that the engine receives.
Keep out: folds and cost (sections of their own), the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from quant_core.block import Block, Fraction
from quant_core.block_lists import plain_blocks, read_blocks
from quant_core.catalog import Catalog
from quant_core.conditions import CONDITIONS
from quant_core.conditions.contract import Condition
from quant_core.costs.settings import SECTION as COST
from quant_core.costs.settings import CostSpec
from quant_core.errors import ConfigError
from quant_core.estimators import ESTIMATORS
from quant_core.estimators.cluster_robust_test import ClusterRobustTest
from quant_core.estimators.contract import BaselineTest, RateInterval, RatePosterior
from quant_core.estimators.jeffreys import Jeffreys
from quant_core.estimators.wilson import Wilson
from quant_core.events import EVENTS
from quant_core.events.contract import Event
from quant_core.grammar import parse_block
from quant_core.inference import INFERENCES
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg
from quant_core.inference.contract import Correction
from quant_core.model_parsing import parse_model
from quant_core.section import Reading, Section
from quant_core.splitters import Splitter
from quant_core.splitters.settings import SECTION as FOLDS
from quant_core.splitters.settings import FoldsSpec
from quant_core.splitters.single_split import SingleSplit
from quant_core.targets import TARGETS
from quant_core.targets.contract import Target
from quant_core.timeframes import Timeframe, timeframe_at

B = TypeVar("B", bound=Block)
Least: TypeAlias = Annotated[int, Field(ge=1)]


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
        interval, posterior: of a rate, both at ``confidence``.
        test: of a cell against its baseline.
        correction: for all the tests of a family, at the rate ``fdr``.
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
    interval: RateInterval = field(default_factory=Wilson)
    posterior: RatePosterior = field(default_factory=Jeffreys)
    test: BaselineTest = field(default_factory=ClusterRobustTest)
    correction: Correction = field(default_factory=BenjaminiHochberg)

    def __post_init__(self) -> None:
        for name in ("interval", "posterior"):
            object.__setattr__(self, name, replace(getattr(self, name), confidence=self.confidence))
        object.__setattr__(self, "correction", replace(self.correction, rate=self.fdr))
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


class MarketStatsModel(BaseModel):
    """The section in the file: blocks as strings or mappings, and how they are judged."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    events: list[Any] = Field(default_factory=list[Any])
    conditions: list[Any] = Field(default_factory=list[Any])
    targets: list[Any] = Field(default_factory=list[Any])
    confidence: Fraction = 0.95
    fdr: Fraction = 0.05
    power: Fraction = 0.8
    n_min: Least | dict[str, Least] = 300
    n_resamples: Annotated[int, Field(ge=99)] = 999
    interval: str | dict[str, Any] = "wilson"
    posterior: str | dict[str, Any] = "jeffreys"
    test: str | dict[str, Any] = "cluster_robust_test"
    correction: str | dict[str, Any] = "benjamini_hochberg"


def _read(value: object, reading: Reading) -> MarketStatsSpec:
    """The section, with the folds, the cost and the seed that its results depend on."""
    model = parse_model(MarketStatsModel, {} if value is None else value, reading.where)
    events = read_blocks(EVENTS, model.events, f"{reading.where}.events")
    conditions = read_blocks(CONDITIONS, model.conditions, f"{reading.where}.conditions")
    targets = read_blocks(TARGETS, model.targets, f"{reading.where}.targets")
    folds = reading.of(FOLDS)
    levels = {"confidence": model.confidence, "rate": model.fdr}

    def chosen(catalog: Catalog[Any], role: type[B], name: str) -> B:
        return _chosen(catalog, role, getattr(model, name), f"{reading.where}.{name}", levels)

    n_min, n_min_by_timeframe = _least(model.n_min, folds, f"{reading.where}.n_min")
    return MarketStatsSpec(
        events=events.blocks,
        conditions=conditions.blocks,
        targets=targets.blocks,
        splitter=folds.splitter,
        splitter_by_timeframe=folds.splitter_by_timeframe,
        confidence=model.confidence,
        fdr=model.fdr,
        power=model.power,
        n_min=n_min,
        n_min_by_timeframe=n_min_by_timeframe,
        n_resamples=model.n_resamples,
        seed=reading.seed,
        only={**events.only, **conditions.only, **targets.only},
        cost=reading.of(COST),
        interval=chosen(ESTIMATORS, RateInterval, "interval"),
        posterior=chosen(ESTIMATORS, RatePosterior, "posterior"),
        test=chosen(ESTIMATORS, BaselineTest, "test"),
        correction=chosen(INFERENCES, Correction, "correction"),
    )


def _chosen(catalog: Catalog[Any], role: type[B], value: object, where: str, levels: Mapping[str, float]) -> B:
    """The block of a role by its id; a level that the section sets is not set a second time in the id."""
    block: Block = parse_block(catalog, value, where, given=lambda _: levels)
    if not isinstance(block, role):
        able = ", ".join(name for name in catalog if issubclass(catalog[name], role))
        raise ConfigError.at(where, expected=f"one of {able}", found=block.canonical, next_step="Choose one of these.")
    for name, level in levels.items():
        if (own := getattr(block, name, level)) != level:
            setting = {"confidence": "confidence", "rate": "fdr"}[name]
            raise ConfigError.at(
                where, expected=f"the level of {setting}, {level}", found=own, next_step=f"Remove {name} from the id."
            )
    return block


def _least(n_min: int | dict[str, int], folds: FoldsSpec, where: str) -> tuple[int, dict[Timeframe, int]]:
    """The least number of events of a cell: the larger of ``n_min`` and the folds' ``min_trades``, per timeframe."""
    given = {"default": n_min} if isinstance(n_min, int) else dict(n_min)
    least = given.pop("default", 300)
    own = {timeframe_at(t, where): n for t, n in given.items()}
    floors = folds.min_trades_by_timeframe
    return max(least, folds.min_trades), {
        t: max(own.get(t, least), floors.get(t, folds.min_trades)) for t in sorted({*own, *floors})
    }


def _plain(spec: MarketStatsSpec) -> object:
    """What belongs to the section itself; results do not depend on the order of blocks."""
    return {
        "events": plain_blocks(spec.events, spec.only),
        "conditions": plain_blocks(spec.conditions, spec.only),
        "targets": plain_blocks(spec.targets, spec.only),
        "confidence": spec.confidence,
        "fdr": spec.fdr,
        "power": spec.power,
        "n_min": {"default": spec.n_min, **{t.value: n for t, n in spec.n_min_by_timeframe.items()}},
        "n_resamples": spec.n_resamples,
        **{name: getattr(spec, name).canonical for name in ("interval", "posterior", "test", "correction")},
    }


SECTION: Section[MarketStatsSpec] = Section("market_stats", _read, _plain, uses=(FOLDS, COST), draws=True)
