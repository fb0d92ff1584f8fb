"""The shape of the research file: its sections, their fields and what each may hold.

Put here: pydantic models of the file, settings that moved, and how a wrong file is reported.
Keep out: turning strings into blocks (``_blocks.py``) and defaults that engines see (``_resolved.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quant_core.errors import ConfigError, UnknownNameError
from quant_core.seasonality.spec import SeasonalityProfileSpec, SeasonalitySignalSpec, SeasonalitySpec

Fraction: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Months: TypeAlias = Annotated[int, Field(ge=1)]
CountOrZero: TypeAlias = Annotated[int, Field(ge=0)]
Bps: TypeAlias = Annotated[float, Field(ge=0)]

# Settings of the source system that live elsewhere here: path → where they went.
MOVED = {
    "data.dataset_path": "Declare files as a source in sources.yaml; every configured source is read.",
    "data.path": "Declare files as a source in sources.yaml; every configured source is read.",
    "data.mysql": "Declare the database as a source in sources.yaml; its DSN comes from the environment.",
    "artifacts": "Results are assets of the lake; its place is the environment variable QUANT_LAKE.",
    "persistence.enabled": "Results are always stored in the lake; remove the setting.",
    "persistence.store_stats_in_db": "Results are always stored in the lake; remove the setting.",
    "persistence.spec_id": "The spec's id is computed from the resolved spec; remove the setting.",
    "persistence.dataset_id": "The data's id is its content hash (data_version); remove the setting.",
    "persistence": "Results are always stored in the lake; remove the section.",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class DataModel(_Strict):
    """``data``: filters on what the sources deliver; absent means everything."""

    symbols: list[str] | None = None
    timeframe: str | list[str] | None = None
    start: date | None = None
    end: date | None = None


class FoldsModel(_Strict):
    """How history is cut: months make a walk-forward, ``train_fraction`` a single split.

    ``folds`` is at most that many (absent: as many as the data hold). ``min_trades`` is the least number of events a
    cell needs; the larger of it and ``n_min`` counts.
    """

    scheme: Literal["rolling", "anchored"] | None = None
    train_months: Months | None = None
    test_months: Months | None = None
    folds: Annotated[int, Field(ge=1)] | None = None
    train_fraction: Fraction | None = None
    embargo_days: CountOrZero = 0
    min_trades: CountOrZero = 0


class ValidationModel(FoldsModel):
    """``market_stats.validation``: the rule for all timeframes, and rules of their own for some."""

    by_timeframe: dict[str, FoldsModel] = Field(default_factory=dict[str, FoldsModel])


class CostModel(_Strict):
    """``market_stats.cost``: what a round trip costs, in basis points of the entry price; patterns as in file names."""

    round_trip_bps: Bps
    by_symbol: dict[str, Bps] = Field(default_factory=dict[str, float])


class MarketStatsModel(_Strict):
    """``market_stats``: blocks as strings or mappings, and how they are judged."""

    events: list[Any] = Field(default_factory=list[Any])
    conditions: list[Any] = Field(default_factory=list[Any])
    targets: list[Any] = Field(default_factory=list[Any])
    validation: ValidationModel | None = None
    confidence: Fraction = 0.95
    fdr: Fraction = 0.05
    power: Fraction = 0.8
    n_min: Annotated[int, Field(ge=1)] | dict[str, Annotated[int, Field(ge=1)]] = 300
    n_resamples: Annotated[int, Field(ge=99)] = 999
    cost: CostModel | None = None


class ComputeModel(_Strict):
    """``compute``: how much of the machine a computation may take; no result depends on it."""

    threads: Annotated[int, Field(ge=1)] | None = None
    memory_mb: Annotated[int, Field(ge=1)] = 256


class SeasonalityModel(SeasonalitySpec):
    """``seasonality``: what to profile and which bins to trade, and the least bars of a bin for some timeframes."""

    min_samples_bin_by_timeframe: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict[str, int])


class ResearchModel(_Strict):
    """The whole file."""

    data: DataModel = DataModel()
    features: list[Any] = Field(default_factory=list[Any])
    market_stats: MarketStatsModel = MarketStatsModel()
    seasonality: SeasonalityModel = SeasonalityModel()
    seed: int = 0
    compute: ComputeModel = ComputeModel()


def read_model(raw: object, where: str) -> ResearchModel:
    """Check the shape of a parsed file.

    The source system's top-level events, conditions, targets and validation are read as fields of market_stats.

    Raises:
        UnknownNameError: a key that does not exist, with suggestions and its path.
        ConfigError: a value of the wrong type or range, or a setting that lives elsewhere.
    """
    if not isinstance(raw, Mapping):
        raise ConfigError.at(
            where, expected="a mapping of sections", found=raw, next_step="Start with 'market_stats:'."
        )
    content = {str(k): v for k, v in cast(Mapping[object, object], raw).items()}
    _refuse_moved(content, where)
    stats = content.get("market_stats")
    for name in ("events", "conditions", "targets", "validation"):
        if name not in content:
            continue
        stats = dict(cast(Mapping[str, object], stats)) if isinstance(stats, Mapping) else {}
        if name in stats:
            raise ConfigError(f"{where} gives {name} twice: at the top and in market_stats. Keep one of them.")
        content["market_stats"] = stats = {**stats, name: content.pop(name)}
    empty = [k for k, v in content.items() if v is None and k in ResearchModel.model_fields]
    try:
        return ResearchModel.model_validate({k: v for k, v in content.items() if k not in empty})
    except ValidationError as error:
        raise _named(error, where) from error


def _refuse_moved(content: Mapping[str, object], where: str) -> None:
    """Say where a setting of the source system lives now."""
    for path, advice in MOVED.items():
        section, _, key = path.partition(".")
        inner = content.get(section)
        if section in content and (not key or (isinstance(inner, Mapping) and key in inner)):
            raise ConfigError(f"Setting {path} of {where} does not live in the research file. {advice}")


def _named(error: ValidationError, where: str) -> ConfigError:
    """The first fault of a validation, as one of the project's errors."""
    first = error.errors()[0]
    location = [str(part) for part in first["loc"]]
    path = f"{where}: {'.'.join(location)}"
    if first["type"] == "extra_forbidden":
        known = _fields_at(location[:-1])
        return UnknownNameError.among("setting", location[-1], known, where=path)
    expected = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return ConfigError.at(path, expected=expected, found=first["input"], next_step="Correct the value.")


def _fields_at(location: list[str]) -> list[str]:
    """The fields a section may have; ``location`` is its path of keys."""
    by_key = {
        "data": DataModel,
        "market_stats": MarketStatsModel,
        "validation": ValidationModel,
        "by_timeframe": FoldsModel,
        "cost": CostModel,
        "compute": ComputeModel,
        "seasonality": SeasonalityModel,
        "profile": SeasonalityProfileSpec,
        "signal": SeasonalitySignalSpec,
    }
    model: type[BaseModel] = ResearchModel
    for part in location:
        model = by_key.get(part, model)
    return list(model.model_fields)
