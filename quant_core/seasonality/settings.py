"""The section ``seasonality`` of the research file: what to profile, and the least bars of a bin per timeframe.

Put here: the section, its shape in the file and the frozen value that the engine receives.
Keep out: the profile's own settings and the resolution of names (spec.py), the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from quant_core.errors import ConfigError
from quant_core.model_parsing import parse_model
from quant_core.seasonality.spec import SeasonalityProfileSpec, SeasonalitySpec, resolve_dimension
from quant_core.section import Reading, Section
from quant_core.timeframes import Timeframe, timeframe_at


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


class SeasonalityModel(SeasonalitySpec):
    """The section in the file."""

    min_samples_bin_by_timeframe: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict[str, int])


def _read(value: object, reading: Reading) -> SeasonalitySection:
    """Dimensions and metrics are resolved here, so that a wrong name has a place."""
    model = parse_model(SeasonalityModel, {} if value is None else value, reading.where)
    try:
        model.profile.resolved_dimensions()
        model.profile.resolved_metrics()
        for entry in model.signal.dims:
            resolve_dimension(entry, model.profile.zone)
    except ConfigError as error:
        raise type(error)(f"At {reading.where}: {error}") from error
    place = f"{reading.where}.min_samples_bin_by_timeframe"
    by_timeframe = {timeframe_at(t, place): n for t, n in model.min_samples_bin_by_timeframe.items()}
    return SeasonalitySection(SeasonalitySpec(profile=model.profile, signal=model.signal), by_timeframe)


def _plain(section: SeasonalitySection) -> object:
    """Flags, aliases and lists that mean the same blocks are equal."""
    profile, signal = section.spec.profile, section.spec.signal
    plain = {name: getattr(profile, name) for name in ("measure", "min_samples_bin", "q_max", "confidence", "by_year")}
    return {
        **plain,
        "dimensions": sorted(d.canonical for d in profile.resolved_dimensions()),
        "metrics": sorted(m.canonical for m in profile.resolved_metrics()),
        "signal": {
            **signal.model_dump(mode="json"),
            "dims": [resolve_dimension(d, profile.zone).canonical for d in signal.dims],
        },
        "min_samples_bin_by_timeframe": _by_timeframe(section),
    }


def _dump(section: SeasonalitySection) -> object:
    return {**section.spec.model_dump(mode="json"), "min_samples_bin_by_timeframe": _by_timeframe(section)}


def _by_timeframe(section: SeasonalitySection) -> dict[str, int]:
    return {t.value: n for t, n in section.min_samples_bin_by_timeframe.items()}


SECTION: Section[SeasonalitySection] = Section("seasonality", _read, _plain, dump=_dump)
