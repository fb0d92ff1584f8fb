"""Estimates: from counts to the columns of ``market_stats``, all cells of a target at once.

Put here: which estimator fills which column, and where null stands.
Keep out: formulas (estimators/), families of tests (``_verdict.py``).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.counting.block_moments import BlockMoments, Counts, Floats, ratio, variance_against_baseline
from quant_core.counting.values import QUARTILES, group_and_rank
from quant_core.estimators.cluster_robust_test import inflation_of_difference
from quant_core.estimators.effective_sample_size import EffectiveSampleSize
from quant_core.estimators.kaplan_meier import KaplanMeier
from quant_core.estimators.mean_interval import MeanInterval
from quant_core.events.contract import Event
from quant_core.market_stats._cost import cost_of_means, cost_of_rates, name_cleared_side
from quant_core.market_stats._count import EventValues, Ints, TargetCounts
from quant_core.market_stats._panel import ALL, Panel
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.renames import first_spelling
from quant_core.tables import TABLES
from quant_core.targets.contract import Target

# Help the verdict; dropped from the table. The spread of mean − baseline: for rates how many times dependence inflates
# its variance, for numbers the variance.
SPREAD, DEGREES = "_spread", "_degrees"
# Whether the target is described and not tested (``Target.is_geometric``).
DESCRIBED = "_described"


@dataclass(frozen=True)
class Place:
    """Where a block of rows belongs."""

    symbol: str
    timeframe: str
    fold: int
    split: str
    split_start: datetime
    split_end: datetime


def estimate_cells(place: Place, panel: Panel, counts: TargetCounts) -> pl.DataFrame:
    """One row per event × slot, with every column that the target's kind fills; others are left out.

    Missing: nan of an estimator becomes null.
    """
    m, target = counts.moments, counts.target
    horizon = max(target.horizon, 1)
    n_eff = EffectiveSampleSize().of_moments(m, horizon)
    columns: dict[str, Counts] = {"n": m.n, "n_eff": n_eff, "n_blocks": m.blocks, "n_all": m.all_n}
    if target.kind == "binary":
        columns |= binary_columns(m, n_eff, panel.spec)
        if counts.ties is not None:
            columns["tie_share"] = ratio(counts.ties, counts.ties + m.n)
        columns |= cost_of_rates(panel, counts.trades, columns, m, horizon)
    elif target.kind == "numeric":
        columns |= numeric_columns(place, panel, counts)
        columns |= cost_of_means(panel, counts.trades, columns, m, horizon)
    else:
        columns |= duration_columns(counts, n_eff, panel.spec)
    frame = name_cleared_side(_frame(place, panel, counts, columns))
    frame = frame.with_columns(pl.lit(target.is_geometric).alias(DESCRIBED))
    if target.is_geometric:
        frame = frame.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("p_value", SPREAD, DEGREES))
    if counts.prints is None:
        return frame
    return frame.with_columns(pl.Series(name, prints.ravel()) for name, prints in counts.prints.columns().items())


def binary_columns(m: BlockMoments, n_eff: Floats, spec: MarketStatsSpec) -> dict[str, Counts]:
    """Rates, their intervals and the test against the baseline."""
    p_hat = m.mean
    ci_low, ci_high = spec.interval.interval(p_hat, n_eff)
    hdi_low, hdi_high = spec.posterior.interval(p_hat, n_eff)
    p_mean = spec.posterior.mean(p_hat, n_eff)
    return {
        "successes": m.total,
        "p_hat": p_hat,
        "ci_low": ci_low,
        "ci_high": ci_high,
        "p_mean": p_mean,
        "p_map": spec.posterior.mode(p_hat, n_eff),
        "hdi_low": hdi_low,
        "hdi_high": hdi_high,
        "baseline": m.baseline,
        "lift_freq": p_hat - m.baseline,
        "lift_bayes": p_mean - m.baseline,
        "p_value": spec.test.p_value(m, n_eff),
        SPREAD: inflation_of_difference(m, n_eff),
        DEGREES: spec.test.degrees(m),
    }


def numeric_columns(place: Place, panel: Panel, counts: TargetCounts) -> dict[str, Counts]:
    """Means, quartiles, bootstrap intervals and the same cluster-robust test, on sums instead of successes."""
    m = counts.moments
    summary = np.full((6, *np.shape(m.n)), np.nan)
    unique = np.minimum(m.n, m.covered / max(counts.target.horizon, 1))
    for e, event in enumerate(counts.values):
        seeds = _cell_seeds(place, panel, panel.spec.events[e], counts.target)
        summary[:, e] = _summaries(panel, event, m.n[e], unique[e], seeds)
    mean, low, high, q25, median, q75 = summary
    # Outcomes without spread resample to themselves: an interval of no width would be certainty.
    low, high = (np.where(low < high, bound, np.nan) for bound in (low, high))
    return {
        "mean": mean,
        "mean_ci_low": low,
        "mean_ci_high": high,
        "q25": q25,
        "median": median,
        "q75": q75,
        "baseline_mean": m.baseline,
        "lift_mean": mean - m.baseline,
        "p_value": panel.spec.test.p_value(m),
        SPREAD: variance_against_baseline(m),
        DEGREES: panel.spec.test.degrees(m),
    }


def _summaries(panel: Panel, event: EventValues, n: Ints, unique: Floats, seeds: NDArray[np.uint64]) -> Floats:
    """(6, n_slots): mean with bounds and quartiles, as many conditions at a time as the memory allows."""
    values, row_of = event.values, np.array(panel.slot_rows)
    order = np.argsort(values)
    interval = MeanInterval(panel.spec.confidence, panel.spec.n_resamples)
    n_rows = int(row_of[-1]) + 1
    at_once = max(1, panel.compute.memory_mb * 2**20 // max(values.nbytes, 1))
    found = np.full((6, panel.n_slots), np.nan)
    for first in range(0, n_rows, at_once):
        mine = (row_of >= first) & (row_of < first + at_once)
        starts = np.concatenate([[0], np.cumsum(np.where(mine, n, 0))])
        slots = event.slots(slice(first, first + at_once))
        grouped, quartiles = group_and_rank(values, slots, order, starts, np.array(QUARTILES))
        bounds = interval.of_cells(grouped, starts, unique, seeds)
        found[:, mine] = np.vstack([*bounds, quartiles.T])[:, mine]
    return found


def _cell_seeds(place: Place, panel: Panel, event: Event, target: Target) -> NDArray[np.uint64]:
    """A seed of its own for every cell of an event, independent of the order of work and of later names."""
    where = f"{panel.spec.seed}|{place.symbol}|{place.timeframe}|{place.fold}|{place.split}|{first_spelling(event)}"
    spelled = {ALL: ALL, **{c.canonical: first_spelling(c) for c in panel.spec.conditions}}
    names = ["|".join((where, spelled[c], value, first_spelling(target))) for c, value in panel.slots]
    digests = [hashlib.sha256(name.encode()).digest()[:8] for name in names]
    return np.array([int.from_bytes(d, "big") for d in digests], dtype=np.uint64)


def duration_columns(counts: TargetCounts, n_eff: Floats, spec: MarketStatsSpec) -> dict[str, Counts]:
    """Kaplan–Meier median and mean restricted to the longest duration of the split."""
    estimator = KaplanMeier(confidence=spec.confidence)
    curve = estimator.curve(counts.ended, counts.censored)
    inflation = np.maximum(np.nan_to_num(ratio(counts.moments.n, n_eff), nan=1.0), 1.0)
    longest = np.flatnonzero(counts.all_durations)
    tau = int(longest[-1]) if len(longest) else 0
    median = estimator.median(curve, inflation)
    mean = estimator.restricted_mean(curve, tau, inflation)
    return {
        "n_censored": counts.censored.sum(axis=-1),
        SPREAD: np.full(np.shape(n_eff), np.nan),
        DEGREES: np.full(np.shape(n_eff), np.nan),
        **dict(zip(("km_median", "km_median_low", "km_median_high"), median, strict=True)),
        **dict(zip(("km_rmean", "km_rmean_low", "km_rmean_high"), mean, strict=True)),
    }


def _frame(place: Place, panel: Panel, counts: TargetCounts, columns: dict[str, Counts]) -> pl.DataFrame:
    """Arrays (n_events, n_slots) as rows, labels first."""
    n_events = len(panel.spec.events)
    names = [e.canonical for e in panel.spec.events]
    labels = {
        "event": [name for name in names for _ in panel.slots],
        "condition": [c for c, _ in panel.slots] * n_events,
        "condition_value": [v for _, v in panel.slots] * n_events,
    }
    flat = {name: np.ravel(array) for name, array in columns.items()}
    constants = {
        **asdict(place),
        "target": counts.target.canonical,
        "target_kind": counts.target.kind,
        "horizon_bars": counts.target.horizon,
    }
    frame = pl.DataFrame({**labels, **flat}).with_columns(pl.col(pl.Float64).fill_nan(None))
    schema = TABLES["market_stats"].schema
    return frame.with_columns([pl.lit(v, dtype=schema[k]).alias(k) for k, v in constants.items()])
