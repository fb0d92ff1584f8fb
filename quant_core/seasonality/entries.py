"""What a seasonal profile adds to the grammar of ids: ``hour x dow``, flags, names of quantiles.

Put here: entries of the section's lists, read into dimensions and metrics.
Keep out: the grammar of all families (quant_core/grammar.py) and the section (settings.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from quant_core.block import Block
from quant_core.dimensions import DIMENSIONS, Dimension
from quant_core.dimensions.contract import ClockDimension
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

DIRECTION_METRICS = ("own_p_up", "next_p_up")
RETURN_METRICS = ("own_ret_mean", "next_ret_mean", "next_ret_p50", "next_ret_std")
CONDITIONAL_METRICS = (
    "run_len_up_mean", "run_len_down_mean", "n_runs", "p_reversal", "amp_mean", "amp_std", "amp_p25", "amp_p50",
    "amp_p75", "amp_p90", "atr_mean", "p_breakout_up", "p_breakout_down", "p_in_range", "next_ret_p25", "next_ret_p50",
    "next_ret_p75",
    "next_ret_p90",
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
    """A metric in any form of the grammar, or the name of a quantile such as ``next_ret_p25`` or ``amp_q25``.

    Args:
        entry: id, name or mapping.
        horizon_bars: given to every metric that has a horizon and does not set its own.

    Raises:
        ConfigError: unknown name or parameter.

    >>> [str(resolve_metric(e, 3)) for e in ("next_p_up", "next_ret_q25", "amp_p90", "p_reversal")]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['next_p_up(horizon_bars=3)', 'next_ret_quantile(q=0.25,horizon_bars=3)', 'amp_quantile(q=0.9,of=fraction)',
     'p_reversal(horizon_bars=3)']
    >>> resolve_metric("p_upp")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No profile metric is called 'p_upp'. Did you mean 'own_p_up', 'next_p_up'?
    """
    written = {"name": entry} if isinstance(entry, str) else dict(entry)
    if short := quantile_of(str(written.get("name", "")).strip()):
        written |= {"name": f"{short[0]}_quantile", "q": short[1]}
    return parse_block(PROFILE_METRICS, written, given=lambda _: {"horizon_bars": horizon_bars})


def quantile_of(name: str) -> tuple[str, float] | None:
    """Family and probability of a quantile in either spelling, else None; the median has a name of its own.

    >>> [quantile_of(name) for name in ("next_ret_p25", "amp_q2.5", "next_ret_median", "next_ret_mean")]
    [('next_ret', 0.25), ('amp', 0.025), ('next_ret', 0.5), None]
    """
    if match := re.fullmatch(r"(next_ret|ret|amp)_median", name):
        return match[1], 0.5
    if match := re.fullmatch(r"(next_ret|ret|amp)_[pq](\d{1,2}(?:\.\d+)?)", name):
        return match[1], round(float(match[2]) / 100, 9)
    return None
