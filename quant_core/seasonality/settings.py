"""The section ``seasonality`` of the research file: what to profile, and which bins to trade.

Put here: the section, its shape in the file and the frozen value that the engine receives.
Keep out: how entries of its lists are read (entries.py), the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from quant_core.dimensions import Dimension
from quant_core.dimensions.contract import Zone
from quant_core.errors import ConfigError
from quant_core.model_parsing import parse_model
from quant_core.profile_metrics import ProfileMetric
from quant_core.seasonality.entries import (
    CONDITIONAL_METRICS,
    DIRECTION_METRICS,
    FLAGS,
    RETURN_METRICS,
    Entry,
    resolve_dimension,
    resolve_metric,
)
from quant_core.section import Reading, Section
from quant_core.timeframes import Timeframe, timeframe_at


class SeasonalityProfileSpec(BaseModel):
    """What to profile: flags of the source system, plus our own lists of dimensions and metrics.

    Attributes:
        by_hour … by_month_flags: switch on the dimensions of ``FLAGS``.
        dimensions: further dimensions: names, aliases, ``hour x dow``, or mappings with parameters.
        metrics: what to compute; empty: the headline of ``measure`` and the conditional metrics.
        measure: ``direction`` heads the profile with own_p_up and next_p_up, ``return`` with own_ret_mean,
            next_ret_mean, next_ret_p50 and next_ret_std.
        ret_horizon: bars ahead of forward returns, and of ``p_reversal``.
        zone: clock of every dimension that reads the time of day and does not set its own: ``utc``, an IANA zone, or
            ``session`` for that of the session's market. Dates are the session's, unless a dimension sets another zone.
        min_samples_bin: cells with fewer values are ``insufficient``.
        q_max: largest q-value of a significant cell.
        confidence: of every interval.
        by_year: also profile each calendar year (table ``seasonality_stability``).

    >>> [d.name for d in SeasonalityProfileSpec(by_quarter=True).resolved_dimensions()]
    ['hour', 'dow', 'quarter']
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by_hour: bool = True
    by_dow: bool = True
    by_month: bool = False
    by_session: bool = False
    by_month_start: bool = False
    by_month_end: bool = False
    by_news_hour: bool = False
    by_rollover_day: bool = False
    by_third_friday: bool = False
    by_week_in_month: bool = False
    by_day_in_month: bool = False
    by_month_last_days: bool = False
    by_quarter: bool = False
    by_month_flags: bool = False
    dimensions: tuple[Entry, ...] = ()
    metrics: tuple[Entry, ...] = ()
    measure: Literal["direction", "return"] = "direction"
    ret_horizon: Annotated[int, Field(ge=1)] = 1
    zone: Zone = "utc"
    min_samples_bin: Annotated[int, Field(ge=1)] = 300
    q_max: Annotated[float, Field(gt=0, lt=1)] = 0.05
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    by_year: bool = True

    def resolved_dimensions(self) -> tuple[Dimension, ...]:
        """Dimensions of the flags, then of the list, each once."""
        flagged = [name for flag, names in FLAGS.items() if getattr(self, flag) for name in names]
        return tuple(dict.fromkeys(resolve_dimension(e, self.zone) for e in (*flagged, *self.dimensions)))

    def resolved_metrics(self) -> tuple[ProfileMetric, ...]:
        """Metrics of the list, or those of the measure, each once."""
        head = DIRECTION_METRICS if self.measure == "direction" else RETURN_METRICS
        entries = self.metrics or (*head, *CONDITIONAL_METRICS)
        return tuple(dict.fromkeys(resolve_metric(e, self.ret_horizon) for e in entries))


class SeasonalitySignalSpec(BaseModel):
    """Which bins of a profile to trade, long and short.

    Attributes:
        method: ``threshold`` keeps bins beyond the threshold on either side, ``topk`` the k best on either side.
        threshold: for ``direction``: long at next_p_up >= threshold, short at next_p_up <= 1 - threshold; in [0.5, 1).
        threshold_bps: for ``return``: long at next_ret_mean >= threshold, short at <= -threshold, in basis points.
        topk: bins per side.
        dims: dimensions to combine, as in the profile.
        combine: ``and``: all dimensions agree; ``or``: one side has votes, the other none;
            ``sum``: the net votes reach sum_threshold.
        sum_threshold: net votes needed by ``sum``.
        significant_only: only bins whose verdict is significant and whose lift points to their side.

    Differs from: the source system: it trades long only, drops a dimension without an active bin from ``and``, and
    guesses whether a return threshold means basis points.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["threshold", "topk"] = "threshold"
    threshold: Annotated[float, Field(ge=0.5, lt=1)] = 0.54
    threshold_bps: Annotated[float, Field(ge=0)] = 1.0
    topk: Annotated[int, Field(ge=1)] = 3
    dims: tuple[Entry, ...] = ("hour", "dow")
    combine: Literal["and", "or", "sum"] = "and"
    sum_threshold: Annotated[int, Field(ge=1)] = 1
    significant_only: bool = False


class SeasonalitySpec(BaseModel):
    """The section ``seasonality`` of a research spec.

    >>> SeasonalitySpec.model_validate({"profile": {"by_month": True}, "signal": {"topk": 2}}).signal.topk
    2
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: SeasonalityProfileSpec = SeasonalityProfileSpec()
    signal: SeasonalitySignalSpec = SeasonalitySignalSpec()


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
        # Earlier names are read here and never again: one warning, with the place.
        metrics = tuple(m.canonical for m in model.profile.resolved_metrics()) if model.profile.metrics else ()
        for entry in model.signal.dims:
            resolve_dimension(entry, model.profile.zone)
    except ConfigError as error:
        raise type(error)(f"At {reading.where}: {error}") from error
    place = f"{reading.where}.min_samples_bin_by_timeframe"
    by_timeframe = {timeframe_at(t, place): n for t, n in model.min_samples_bin_by_timeframe.items()}
    return SeasonalitySection(
        SeasonalitySpec(profile=model.profile.model_copy(update={"metrics": metrics}), signal=model.signal),
        by_timeframe,
    )


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
