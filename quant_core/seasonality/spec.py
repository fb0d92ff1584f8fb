"""The seasonality part of a research spec: what to profile, and which bins to trade.

Put here: the models, and what a seasonal profile adds to the grammar: ``hour x dow``, flags, names of quantiles.
Keep out: reading YAML and the other parts of a spec (quant_core/spec).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from quant_core.block import Block
from quant_core.dimensions import DIMENSIONS, Dimension
from quant_core.dimensions.contract import ClockDimension, Zone
from quant_core.dimensions.is_month import MONTHS
from quant_core.grammar import parse_block
from quant_core.profile_metrics import PROFILE_METRICS, ProfileMetric

FLAGS: dict[str, tuple[str, ...]] = {
    "by_hour": ("hour",),
    "by_dow": ("dow",),
    "by_month": ("month",),
    "by_session": ("session",),
    "by_month_start": ("is_month_start",),
    "by_month_end": ("is_month_end",),
    "by_news_hour": ("is_news_hour",),
    "by_rollover_day": ("is_rollover_day",),
    "by_third_friday": ("is_third_friday",),
    "by_week_in_month": ("week_in_month",),
    "by_day_in_month": ("day_in_month",),
    "by_month_last_days": tuple(f"last_{k}" for k in range(1, 6)),
    "by_quarter": ("quarter",),
    "by_month_flags": tuple(f"is_{name}" for name in MONTHS),
}
"""Flags of the source system's ``profile`` section → the dimensions they switch on."""

DIRECTION_METRICS = ("p_up",)
RETURN_METRICS = ("ret_mean", "ret_p50", "ret_std")
CONDITIONAL_METRICS = (
    "run_len_up_mean", "run_len_down_mean", "n_runs", "p_reversal", "amp_mean", "amp_std", "amp_p25", "amp_p50",
    "amp_p75", "amp_p90", "atr_mean", "p_breakout_up", "p_breakout_down", "p_in_range", "ret_p25", "ret_p50", "ret_p75",
    "ret_p90",
)  # fmt: skip
"""Computed for both measures."""

Entry = str | dict[str, Any]


def resolve_dimension(entry: Entry, zone: str | None = None) -> Dimension:
    """A dimension in any form of the grammar, or ``first x second``.

    Args:
        entry: id, name, alias or mapping.
        zone: clock of every dimension that reads the time of day and does not set its own; dates are the session's.

    Raises:
        ConfigError: unknown name or parameter.

    >>> [str(resolve_dimension(e)) for e in ("dow", "last_2", "is_may", {"name": "hour", "zone": "Europe/London"})]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['dow(zone=session)', 'last_day_of_month(k=2,basis=calendar,zone=session)', 'is_month(zone=session,month=5)',
     'hour(zone=Europe/London)']
    >>> str(resolve_dimension("session x dow", "America/New_York"))
    'cross(first=session(zone=America/New_York),second=dow(zone=session))'
    """

    def clock(block: type[Block]) -> Mapping[str, object]:
        return {"zone": zone} if zone is not None and issubclass(block, ClockDimension) else {}

    if isinstance(entry, str) and (parts := re.split(r"\s+x\s+", entry.strip())) and len(parts) == 2:
        entry = {"name": "cross", "first": parts[0], "second": parts[1]}
    return parse_block(DIMENSIONS, entry, given=clock)


def resolve_metric(entry: Entry, horizon_bars: int = 1) -> ProfileMetric:
    """A metric in any form of the grammar, or the name of a quantile such as ``ret_p25`` or ``amp_q25``.

    Args:
        entry: id, name or mapping.
        horizon_bars: given to every metric that has a horizon and does not set its own.

    Raises:
        ConfigError: unknown name or parameter.

    >>> [str(resolve_metric(e, 3)) for e in ("p_up", "ret_q25", "amp_p90", "p_reversal")]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['p_up(horizon_bars=3)', 'ret_quantile(q=0.25,horizon_bars=3)', 'amp_quantile(q=0.9,of=fraction)',
     'p_reversal(horizon_bars=3)']
    >>> resolve_metric("p_upp")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No profile metric is called 'p_upp'. Did you mean 'p_up'?
    """
    written = {"name": entry} if isinstance(entry, str) else dict(entry)
    if short := quantile_of(str(written.get("name", "")).strip()):
        written |= {"name": f"{short[0]}_quantile", "q": short[1]}
    return parse_block(PROFILE_METRICS, written, given=lambda _: {"horizon_bars": horizon_bars})


def quantile_of(name: str) -> tuple[str, float] | None:
    """Family and probability of a quantile in either spelling, else None; the median has a name of its own.

    >>> quantile_of("ret_p25"), quantile_of("amp_q2.5"), quantile_of("ret_median"), quantile_of("ret_mean")
    (('ret', 0.25), ('amp', 0.025), ('ret', 0.5), None)
    """
    if match := re.fullmatch(r"(ret|amp)_median", name):
        return match[1], 0.5
    if match := re.fullmatch(r"(ret|amp)_[pq](\d{1,2}(?:\.\d+)?)", name):
        return match[1], round(float(match[2]) / 100, 9)
    return None


class SeasonalityProfileSpec(BaseModel):
    """What to profile: flags of the source system, plus our own lists of dimensions and metrics.

    Attributes:
        by_hour … by_month_flags: switch on the dimensions of ``FLAGS``.
        dimensions: further dimensions: names, aliases, ``hour x dow``, or mappings with parameters.
        metrics: what to compute; empty: the headline of ``measure`` and the conditional metrics.
        measure: ``direction`` heads the profile with p_up, ``return`` with ret_mean, ret_p50 and ret_std.
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
        threshold: for ``direction``: long at p_up >= threshold, short at p_up <= 1 - threshold; in [0.5, 1).
        threshold_bps: for ``return``: long at ret_mean >= threshold, short at <= -threshold, in basis points.
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
