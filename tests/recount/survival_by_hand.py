"""Median and restricted mean of waiting times, some of them still open.

Put here: Kaplan-Meier columns of a cell.
Keep out: which durations there are (market_stats_by_hand.py); anything of quant_core.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

from scipy import special

COLUMNS = tuple(f"km_{name}{side}" for name in ("median", "rmean") for side in ("", "_low", "_high"))


class Duration(Protocol):
    """Bars waited, and whether the wait ended."""

    @property
    def y(self) -> float: ...

    @property
    def ended(self) -> bool: ...


def kaplan_meier(cell: list[Any], longest: float, n_eff: float | None, confidence: float) -> dict[str, Any]:
    """Columns of a time-to-event target; ``longest`` is the longest duration of all bars of the split."""
    row: dict[str, Any] = dict.fromkeys(COLUMNS) | {"n_censored": sum(not x.ended for x in cell)}
    if not cell or n_eff is None:
        return row
    inflation = max(len(cell) / n_eff, 1.0)
    z = float(special.ndtri(0.5 + confidence / 2))
    curve = _curve(cell, int(longest))
    return row | _median(curve, inflation, z) | _restricted_mean(curve, int(longest), inflation, z)


def _curve(cell: list[Duration], longest: int) -> list[tuple[float, float, int]]:
    """Survival, Greenwood's term and bars at risk at every duration 0 … longest."""
    curve, survival = [], 1.0
    for t in range(longest + 1):
        at_risk = sum(x.y >= t for x in cell)
        ends = sum(x.y == t and x.ended for x in cell)
        term = ends / (at_risk * (at_risk - ends)) if at_risk > ends else 0.0
        survival *= 1 - ends / at_risk if at_risk else 1.0
        curve.append((survival, term, at_risk))
    return curve


def _median(curve: list[tuple[float, float, int]], inflation: float, z: float) -> dict[str, float | None]:
    """The first time at which at most half are left; bounds by the band of log(−log S)."""
    first = low = high = None
    variance = 0.0
    for t, (survival, term, at_risk) in enumerate(curve):
        variance += term * inflation
        if not at_risk:
            break
        if survival <= 0:
            distance, margin = math.inf, 0.0
        elif survival >= 1:
            distance, margin = -math.inf, 0.0
        else:
            distance = math.log(-math.log(survival)) - math.log(math.log(2))
            margin = z * math.sqrt(variance) / abs(math.log(survival))
        first = t if first is None and survival <= 0.5 else first
        low = t if low is None and distance >= -margin else low
        high = t if high is None and distance > margin else high
    bounds = [x for x in (low, first) if x is not None]
    return {
        "km_median": first,
        "km_median_low": min(bounds, default=None),
        "km_median_high": None if first is None or high is None else max(first, high),
    }


def _restricted_mean(
    curve: list[tuple[float, float, int]], tau: int, inflation: float, z: float
) -> dict[str, float | None]:
    """The area under survival up to tau, with Greenwood's variance; nothing where the curve ends open before it."""
    if curve[tau][2] == 0 and curve[tau][0] > 0:
        return {}
    areas = [math.fsum(s for s, _, _ in curve[t:tau]) for t in range(tau)]
    variance = inflation * math.fsum(a * a * term for a, (_, term, _) in zip(areas, curve, strict=False))
    mean, margin = areas[0], z * math.sqrt(variance)
    return {"km_rmean": mean, "km_rmean_low": max(mean - margin, 0.0), "km_rmean_high": min(mean + margin, tau)}
