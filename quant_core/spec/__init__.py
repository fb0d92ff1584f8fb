"""The research spec: the only place where strings become blocks.

Put here: reading a research file into blocks and numbers, and writing it back.
Keep out: computing anything; files and environment (quant_pipelines reads them and passes the text).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar, cast

import yaml

from quant_core.block import Block
from quant_core.catalog import Catalog
from quant_core.compute import Compute
from quant_core.conditions import CONDITIONS
from quant_core.errors import ConfigError
from quant_core.events import EVENTS
from quant_core.features import FEATURES
from quant_core.seasonality.spec import SeasonalitySpec, resolve_dimension
from quant_core.spec._blocks import parse_block
from quant_core.spec._models import CostModel, DataModel, FoldsModel, MarketStatsModel, SeasonalityModel, read_model
from quant_core.spec._resolved import CostSpec, DataSpec, MarketStatsSpec, ResearchSpec, SeasonalitySection
from quant_core.splitters import Splitter
from quant_core.splitters.single_split import SingleSplit
from quant_core.splitters.walk_forward import WalkForward
from quant_core.targets import TARGETS
from quant_core.timeframes import Timeframe, parse_timeframe

__all__ = [
    "CostSpec",
    "DataSpec",
    "MarketStatsSpec",
    "ResearchSpec",
    "SeasonalitySection",
    "dump_research",
    "load_research",
    "parse_block",
]

B = TypeVar("B", bound=Block)


def load_research(text: str, where: str) -> ResearchSpec:
    """Read a research file.

    Args:
        text: YAML.
        where: what errors call it, for example the file's name.

    Raises:
        UnknownNameError: a key, block or parameter that does not exist, with suggestions and its path.
        ConfigError: anything else wrong with the file.

    >>> spec = load_research("market_stats: {events: [k_consecutive(k=2)], n_min: 50}", "research.yaml")
    >>> spec.market_stats.events[0].canonical, spec.market_stats.n_min, len(spec.spec_id)
    ('k_consecutive(k=2,direction=up)', 50, 16)
    >>> load_research("dato: {}", "a.yaml")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No setting is called 'dato' (at a.yaml: dato). Did you mean 'data'?
    """
    try:
        # A SafeLoader: plain values only.
        raw = yaml.load(text, Loader=_UniqueKeys)  # noqa: S506
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is not YAML: {error}. Correct the line.") from error
    model = read_model({} if raw is None else raw, where)
    reader = _BlockReader(where)
    features = reader.blocks(FEATURES, model.features, "features")
    stats = _market_stats(model.market_stats, reader, model.seed, where)
    seasonality = _seasonality(model.seasonality, where)
    limits = Compute(model.compute.threads, model.compute.memory_mb)
    return ResearchSpec(_data(model.data, where), features, stats, model.seed, reader.aliases, seasonality, limits)


def dump_research(spec: ResearchSpec) -> str:
    """Write a spec as a research file that reads back to the same ``spec_id``."""
    stats, data = spec.market_stats, spec.data

    def listed(blocks: tuple[Block, ...]) -> list[object]:
        return [
            {"name": b.canonical, "timeframes": [t.value for t in stats.only[b.canonical]]}
            if b.canonical in stats.only
            else b.canonical
            for b in blocks
        ]

    content = {
        "data": {
            "symbols": list(data.symbols) if data.symbols is not None else None,
            "timeframe": [t.value for t in data.timeframes] if data.timeframes is not None else None,
            "start": data.start,
            "end": data.end,
        },
        "features": [f.canonical for f in spec.features],
        "market_stats": {
            **{name: listed(getattr(stats, name)) for name in ("events", "conditions", "targets")},
            **{name: getattr(stats, name) for name in ("confidence", "fdr", "power", "n_resamples")},
            "n_min": {"default": stats.n_min, **{t.value: n for t, n in stats.n_min_by_timeframe.items()}},
            "cost": stats.cost
            and {"round_trip_bps": stats.cost.round_trip_bps, "by_symbol": dict(stats.cost.by_symbol)},
            "validation": {
                **_folds_of(stats.splitter),
                "by_timeframe": {t.value: _folds_of(s) for t, s in stats.splitter_by_timeframe.items()},
            },
        },
        "seasonality": {
            **spec.seasonality.spec.model_dump(mode="json"),
            "min_samples_bin_by_timeframe": {
                t.value: n for t, n in spec.seasonality.min_samples_bin_by_timeframe.items()
            },
        },
        "seed": spec.seed,
        "compute": {"threads": spec.compute.threads, "memory_mb": spec.compute.memory_mb},
    }
    return yaml.safe_dump(content, sort_keys=False)


EVERY_OTHER = "*"


class _UniqueKeys(yaml.SafeLoader):
    """YAML that refuses a key given twice instead of keeping the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [k.value for k, _ in node.value]
        twice = sorted({str(k) for k in keys if keys.count(k) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key {twice[0]!r} is given twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


class _BlockReader:
    """Reads lists of blocks and remembers aliases and timeframe limits."""

    def __init__(self, where: str) -> None:
        self._where = where
        self.aliases: dict[str, str] = {}
        self.only: dict[str, tuple[Timeframe, ...]] = {}

    def blocks(self, catalog: Catalog[B], values: list[Any], path: str) -> tuple[B, ...]:
        """The blocks of one list of the file; ``*`` stands for every block of the family that is not named."""
        places = [f"{self._where}: {path}[{i}]" for i in range(len(values))]
        named = [self._block(catalog, v, at) for v, at in zip(values, places, strict=True) if v != EVERY_OTHER]
        if EVERY_OTHER in values:
            listed = {block.name for block in named}
            named += [catalog[name]() for name in catalog if name not in listed]
        return tuple(named)

    def _block(self, catalog: Catalog[B], value: Any, where: str) -> B:
        """One entry; a mapping may carry ``timeframes`` besides the block."""
        if not isinstance(value, Mapping):
            return parse_block(catalog, value, where)
        entry = {str(k): v for k, v in cast(Mapping[object, Any], value).items()}
        limits = entry.pop("timeframes", None)
        block = parse_block(catalog, entry, where)
        if entry.get("type") and entry.get("name"):
            alias = str(entry["name"])
            if self.aliases.setdefault(alias, block.canonical) != block.canonical:
                raise ConfigError(
                    f"At {where}: the name {alias!r} already means {self.aliases[alias]!r}. Choose another."
                )
        if limits is not None:
            self.only[block.canonical] = _timeframes(limits, f"{where}.timeframes")
        return block


def _timeframes(value: Any, where: str) -> tuple[Timeframe, ...]:
    """One timeframe or a list, in order of length."""
    listed: list[Any] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
    return tuple(sorted({_timeframe(t, where) for t in listed}))


def _timeframe(value: object, where: str) -> Timeframe:
    """One timeframe, with the place in the error."""
    try:
        return parse_timeframe(str(value))
    except ConfigError as error:
        raise ConfigError(f"At {where}: {error}") from error


def _data(model: DataModel, where: str) -> DataSpec:
    """The data section."""
    symbols = tuple(sorted(set(model.symbols))) if model.symbols is not None else None
    frames = _timeframes(model.timeframe, f"{where}: data.timeframe") if model.timeframe is not None else None
    if model.start and model.end and model.start > model.end:
        raise ConfigError.at(
            f"{where}: data.end", expected=f"a date from {model.start} on", found=str(model.end), next_step="Swap them."
        )
    return DataSpec(symbols, frames, model.start, model.end)


def _market_stats(model: MarketStatsModel, reader: _BlockReader, seed: int, where: str) -> MarketStatsSpec:
    """The market_stats section."""
    n_min = {"default": model.n_min} if isinstance(model.n_min, int) else dict(model.n_min)
    least = int(n_min.pop("default", 300))
    by_timeframe = {_timeframe(t, f"{where}: market_stats.n_min"): n for t, n in n_min.items()}
    place = f"{where}: market_stats.validation"
    folds = model.validation
    own = folds.by_timeframe.items() if folds else ()
    floors = {_timeframe(t, f"{place}.by_timeframe"): f.min_trades for t, f in own}
    floor = folds.min_trades if folds else 0
    return MarketStatsSpec(
        events=reader.blocks(EVENTS, model.events, "market_stats.events"),
        conditions=reader.blocks(CONDITIONS, model.conditions, "market_stats.conditions"),
        targets=reader.blocks(TARGETS, model.targets, "market_stats.targets"),
        splitter=_splitter(folds, place) if folds else SingleSplit(),
        splitter_by_timeframe={_timeframe(t, place): _splitter(f, f"{place}.by_timeframe.{t}") for t, f in own},
        confidence=model.confidence,
        fdr=model.fdr,
        power=model.power,
        n_min=max(least, floor),
        n_min_by_timeframe={
            t: max(by_timeframe.get(t, least), floors.get(t, floor)) for t in sorted({*by_timeframe, *floors})
        },
        n_resamples=model.n_resamples,
        seed=seed,
        only=reader.only,
        cost=_cost(model.cost),
    )


def _cost(model: CostModel | None) -> CostSpec | None:
    """The section cost; absent stays absent."""
    return None if model is None else CostSpec(model.round_trip_bps, tuple(model.by_symbol.items()))


def _seasonality(model: SeasonalityModel, where: str) -> SeasonalitySection:
    """The seasonality section; its dimensions and metrics are resolved here, so that a wrong name has a place."""
    place = f"{where}: seasonality"
    try:
        model.profile.resolved_dimensions()
        model.profile.resolved_metrics()
        for entry in model.signal.dims:
            resolve_dimension(entry, model.profile.zone)
    except ConfigError as error:
        raise type(error)(f"At {place}: {error}") from error
    by_timeframe = {
        _timeframe(t, f"{place}.min_samples_bin_by_timeframe"): n for t, n in model.min_samples_bin_by_timeframe.items()
    }
    return SeasonalitySection(SeasonalitySpec(profile=model.profile, signal=model.signal), by_timeframe)


def _splitter(model: FoldsModel, where: str) -> Splitter:
    """Months make a walk-forward; otherwise one cut."""
    months = {k: getattr(model, k) for k in ("scheme", "train_months", "test_months", "folds")}
    given = {k: v for k, v in months.items() if v is not None}
    if not given:
        return SingleSplit(model.train_fraction or SingleSplit().train_fraction, model.embargo_days)
    if model.train_fraction is not None:
        raise ConfigError.at(
            where, expected="either train_fraction or months", found=sorted(given), next_step="Remove one of the two."
        )
    given["n_folds"] = given.pop("folds", 0)
    return WalkForward(**given, embargo_days=model.embargo_days)


def _folds_of(splitter: Splitter) -> dict[str, object]:
    """A splitter as fields of the file."""
    fields = {name: getattr(splitter, name) for name in splitter.__dataclass_fields__}
    if n_folds := fields.pop("n_folds", 0):
        fields["folds"] = n_folds
    return fields
