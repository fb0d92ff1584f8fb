"""The research spec: the only place where a research file becomes blocks and numbers.

Put here: reading a research file, and writing it back; what belongs to no engine (data, seed, compute).
Keep out: the engines' sections (their settings.py), computing anything, files and environment (quant_pipelines).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field

from quant_core.compute import Compute
from quant_core.costs.settings import CostSpec
from quant_core.errors import ConfigError, UnknownNameError
from quant_core.grammar import parse_block
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.model_parsing import parse_model
from quant_core.plain_yaml import read_yaml
from quant_core.seasonality.settings import SeasonalitySection
from quant_core.section import Reading, Section
from quant_core.spec._moved import MovedWarning, with_current_places
from quant_core.spec._research import DataSpec, ResearchSpec
from quant_core.spec._sections import MODULE_OF_SECTION, SECTIONS
from quant_core.splitters.settings import FoldsSpec
from quant_core.timeframes import timeframes_at

__all__ = [
    "MODULE_OF_SECTION",
    "SECTIONS",
    "CostSpec",
    "DataSpec",
    "FoldsSpec",
    "MarketStatsSpec",
    "MovedWarning",
    "ResearchSpec",
    "SeasonalitySection",
    "dump_research",
    "load_research",
    "parse_block",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class DataModel(_Strict):
    """``data``: filters on what the sources deliver; absent means everything."""

    symbols: list[str] | None = None
    timeframe: str | list[str] | None = None
    start: date | None = None
    end: date | None = None


class ComputeModel(_Strict):
    """``compute``: how much of the machine a computation may take; no result depends on it."""

    threads: Annotated[int, Field(ge=1)] | None = None
    memory_mb: Annotated[int, Field(ge=1)] = 256


class _OwnModel(_Strict):
    """The part of the file that belongs to no engine."""

    data: DataModel = DataModel()
    seed: int = 0
    compute: ComputeModel = ComputeModel()


def load_research(text: str, where: str) -> ResearchSpec:
    """Read a research file.

    Args:
        text: YAML.
        where: what errors call it, for example the file's name.

    Raises:
        UnknownNameError: a key, block or parameter that does not exist, with suggestions and its path.
        ConfigError: anything else wrong with the file.

    >>> spec = load_research("market_stats: {events: [k_consecutive(window_bars=2)], n_min: 50}", "research.yaml")
    >>> spec.market_stats.events[0].canonical, spec.market_stats.n_min, len(spec.spec_id)
    ('k_consecutive(window_bars=2,direction=up)', 50, 16)
    >>> load_research("dato: {}", "a.yaml")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No setting is called 'dato' (at a.yaml: dato). Did you mean 'data'?
    """
    content = with_current_places(_mapping_in(text, where), where)
    own = {name: content.pop(name) for name in _OwnModel.model_fields if content.get(name) is not None}
    for name in content:
        if name not in SECTIONS and name not in _OwnModel.model_fields:
            known = [*_OwnModel.model_fields, *SECTIONS]
            raise UnknownNameError.among("setting", name, known, where=f"{where}: {name}")
    model = parse_model(_OwnModel, own, f"{where}: ")
    settings = _settings(content, model.seed, where)
    limits = Compute(model.compute.threads, model.compute.memory_mb)
    return ResearchSpec(_data(model.data, where), settings, model.seed, limits)


def dump_research(spec: ResearchSpec) -> str:
    """Write a spec as a research file that reads back to the same ids."""
    content = {
        "data": spec.data.plain(),
        **{name: SECTIONS[name].dumped(settings) for name, settings in spec.settings.items()},
        "seed": spec.seed,
        "compute": {"threads": spec.compute.threads, "memory_mb": spec.compute.memory_mb},
    }
    return yaml.safe_dump(content, sort_keys=False)


def _settings(content: Mapping[str, object], seed: int, where: str) -> dict[str, object]:
    """The settings of every section, each read after the sections it uses."""
    found: dict[str, object] = {}

    def settings_of(section: Section[Any]) -> object:
        if section.name not in found:
            reading = Reading(section, f"{where}: {section.name}", settings_of, seed)
            found[section.name] = section.read(content.get(section.name), reading)
        return found[section.name]

    return {name: settings_of(section) for name, section in SECTIONS.items()}


def _mapping_in(text: str, where: str) -> dict[str, object]:
    """The sections of a file as plain values."""
    raw = read_yaml(text, where)
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise ConfigError.at(
            where, expected="a mapping of sections", found=raw, next_step="Start with 'market_stats:'."
        )
    return {str(k): v for k, v in cast(Mapping[object, object], raw).items()}


def _data(model: DataModel, where: str) -> DataSpec:
    """The data section."""
    symbols = tuple(sorted(set(model.symbols))) if model.symbols is not None else None
    frames = timeframes_at(model.timeframe, f"{where}: data.timeframe") if model.timeframe is not None else None
    if model.start and model.end and model.start > model.end:
        raise ConfigError.at(
            f"{where}: data.end", expected=f"a date from {model.start} on", found=str(model.end), next_step="Swap them."
        )
    return DataSpec(symbols, frames, model.start, model.end)
