"""The table ``seasonality_profiles`` from bars and a research file alone: every column of every bin.

Put here: the bars of every bin, its statistics by kind of metric, families, and what later bars say.
Keep out: values per bar and clusters (seasonal_values_by_hand.py); anything of quant_core.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scipy import special

from tests.recount.comparison import complete
from tests.recount.inference_by_hand import Cell, benjamini_hochberg, jeffreys, wilson
from tests.recount.outcomes_by_hand import Maybe, Prices, linear_quantile
from tests.recount.power_by_hand import Power
from tests.recount.replication_by_hand import replication, tie_share
from tests.recount.seasonal_values_by_hand import DIMENSIONS, METRICS, Metric, batches, clusters

Row = dict[str, Any]
POWER = 0.8
"""Of the detectable effect; the section has no setting for it."""


@dataclass(frozen=True)
class Bin:
    """The values of a metric in a bin of a dimension and around it.

    Attributes:
        values: per bar of the history; None where not observable.
        inside: per bar, whether it is in the bin; None for a bar without any bin.
        cycles, batches: per bar, the number of its cluster, and of its batch of clusters.
    """

    metric: Metric
    values: list[Maybe]
    inside: list[bool | None]
    cycles: list[int]
    batches: list[int]

    @cached_property
    def here(self) -> list[int]:
        return [t for t, x in enumerate(self.values) if x is not None and self.inside[t]]

    @cached_property
    def own(self) -> list[float]:
        return [self.values[t] for t in self.here]  # type: ignore[misc]

    @cached_property
    def rest(self) -> list[float]:
        return [x for x, inside in zip(self.values, self.inside, strict=True) if x is not None and inside is False]

    @cached_property
    def seen(self) -> list[float]:
        return [x for x in self.values if x is not None]

    def cell(self, numbers: list[int], values: list[Maybe]) -> Cell:
        """The bin among all bars of the dimension, by cluster or batch."""
        n_groups = numbers[-1] + 1
        own: list[list[float]] = [[] for _ in range(n_groups)]
        every: list[list[float]] = [[] for _ in range(n_groups)]
        for number, x, inside in zip(numbers, values, self.inside, strict=True):
            if x is not None and inside is not None:
                every[number].append(x)
                if inside:
                    own[number].append(x)
        covered = {t + j for t in self.here for j in range(1, self.metric.window + 1)}
        return Cell(own, every, len(covered), self.metric.window)


@dataclass(frozen=True)
class Found:
    """A row that is not judged yet, its test, and both parts in which it parts the bars."""

    row: Row
    cell: Cell | None
    n_eff_of_test: float | None
    parts: frozenset[frozenset[int]]
    is_geometric: bool

    @property
    def p_value(self) -> float | None:
        return None if self.cell is None or self.is_geometric else self.cell.p_value(self.n_eff_of_test)


def mean_of(values: list[float]) -> Maybe:
    return math.fsum(values) / len(values) if values else None


def deviation(values: list[float]) -> Maybe:
    """Sample standard deviation."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((x - mean) ** 2 for x in values) / (len(values) - 1))


def quantile(values: list[float], share: float) -> Maybe:
    return linear_quantile(sorted(values), share) if values else None


def multiple(cell: Cell, confidence: float) -> float:
    """Student's t with one degree of freedom less than batches that hold the bin; nan for none."""
    return float(special.stdtrit(cell.n_blocks - 1, 0.5 + confidence / 2)) if cell.n_blocks > 1 else math.nan


def with_error(row: Row, cell: Cell) -> Row:
    """The standard error of value − rest: that of value − all, by how much farther the rest is."""
    if not cell.n or cell.is_whole or not cell.effective_blocks > 1:
        return row
    return row | {"se_lift": math.sqrt(cell.lift_variance) * cell.n_all / (cell.n_all - cell.n)}


def rate(b: Bin, confidence: float) -> tuple[Row, Cell, float | None]:
    cell = b.cell(b.cycles, b.values)
    if not cell.n:
        return {"baseline": mean_of(b.rest)}, cell, None
    n_eff = cell.n_eff()
    low, high = wilson(cell.mean, n_eff, confidence)
    posterior = jeffreys(cell.mean, n_eff, confidence)
    del posterior["p_map"]
    row = {"n_eff": n_eff, "value": cell.mean, "baseline": mean_of(b.rest), "ci_low": low, "ci_high": high}
    return with_error(row | posterior, cell), cell, n_eff


def mean(b: Bin, confidence: float) -> tuple[Row, Cell, None]:
    cell, batched = b.cell(b.cycles, b.values), b.cell(b.batches, b.values)
    row: Row = {"value": mean_of(b.own), "baseline": mean_of(b.rest)}
    if not cell.n:
        return row, cell, None
    n_eff = batched.n_eff(discount=False)
    spread = deviation(b.own)
    margin = math.nan if spread is None else multiple(batched, confidence) * spread / math.sqrt(n_eff)
    row |= {"n_eff": min(n_eff, cell.n), "ci_low": cell.mean - margin, "ci_high": cell.mean + margin}
    return with_error(row, cell), cell, None


def std(b: Bin, confidence: float) -> tuple[Row, Cell, None]:
    """Tested by the distance from the mean of all bars; the interval by squared distances from the bin's own mean."""
    level, own = mean_of(b.seen) or 0.0, mean_of(b.own) or 0.0
    cell = b.cell(b.cycles, [None if x is None else abs(x - level) for x in b.values])
    row: Row = {"value": deviation(b.own), "baseline": deviation(b.rest)}
    if not cell.n:
        return row, cell, None
    squares: list[Maybe] = [
        None if x is None else (x - own) ** 2 if inside else 0.0 for x, inside in zip(b.values, b.inside, strict=True)
    ]
    batched = b.cell(b.batches, squares)
    n_eff = batched.n_eff(discount=False)
    row["n_eff"] = min(n_eff, cell.n)
    if row["value"]:
        relative = math.sqrt(batched.variance / n_eff) / (2 * row["value"] ** 2)
        factor = math.exp(multiple(batched, confidence) * relative)
        row |= {"ci_low": row["value"] / factor, "ci_high": row["value"] * factor}
    return row, cell, None


def order_statistic(b: Bin, confidence: float) -> tuple[Row, Cell, float | None]:
    """Tested by the share of values at or under the quantile of all bars."""
    q, ordered = b.metric.probability, sorted(b.own)
    threshold = quantile(b.seen, q)
    shares: list[Maybe] = [None if x is None else float(x <= threshold) for x in b.values]  # type: ignore[operator]
    cell, batched = b.cell(b.cycles, shares), b.cell(b.batches, shares)
    row: Row = {"value": quantile(b.own, q), "baseline": quantile(b.rest, q)}
    if not cell.n:
        return row, cell, None
    n, n_eff = cell.n, batched.n_eff(discount=False)
    row["n_eff"] = min(n_eff, n)
    margin = multiple(batched, confidence) * math.sqrt(q * (1 - q) / n_eff)
    if not math.isnan(margin):
        below = math.floor(q * (n - 1))
        low = min(math.floor(n * max(q - margin, 0.0)), below)
        high = max(min(math.ceil(n * min(q + margin, 1.0)), n - 1), min(below + 1, n - 1))
        row |= {"ci_low": ordered[low], "ci_high": ordered[high]}
    return row, cell, cell.n_eff()


KINDS = {"rate": rate, "mean": mean, "std": std, "quantile": order_statistic}


def seasonality_profiles(bars: list[Row], research: Row, symbol: str, timeframe: str) -> list[Row]:
    """Every row of the table for one key: over all bars, and what both halves say of them."""
    days = [b["session_date"] for b in bars]
    cut = sum(d < days[len(days) // 2] for d in days)
    section = research["seasonality"]
    least = section["min_samples_bin_by_timeframe"].get(timeframe, section["profile"]["min_samples_bin"])
    parts = (bars, bars[:cut], bars[cut:])
    whole, early, late = (profile(part, section["profile"], timeframe, least) for part in parts)
    key = ("dimension", "bin", "metric")
    earlier, later = ({tuple(r[k] for k in key): r for r in rows} for rows in (early, late))
    for row in whole:
        place = tuple(row[k] for k in key)
        first, second = earlier.get(place, {}), later.get(place, {})
        row |= {"symbol": symbol, "timeframe": timeframe, "fold": -1, "split": "all"}
        is_yearly = DIMENSIONS[row["dimension"]].cycle in {"year", "iso_year"}
        row.update(replication(row, first, second, is_yearly=is_yearly, n_years=(days[cut] - days[0]).days / 365.25))
    return complete(whole)


def profile(bars: list[Row], settings: Row, timeframe: str, least: int) -> list[Row]:
    """The profile of a stretch of bars, judged."""
    p = Prices.of(bars, timeframe)
    values = {name: metric.values(p) for name, metric in METRICS.items()}
    period = {"period_start": bars[0]["ts"], "period_end": bars[-1]["ts_close"]}
    found: list[Found] = []
    for dimension, d in DIMENSIONS.items():
        if timeframe not in d.timeframes.split():
            continue
        labels = [d.of(b["session_date"], b["ts"].hour) for b in bars]
        spans = {w: clusters(p.day, d.cycle, w) for w in {m.window for m in METRICS.values()}}
        for order, name in enumerate(d.bins):
            inside: list[bool | None] = [label == name for label in labels]
            if any(inside):
                place = period | {
                    "dimension": dimension,
                    "bin": name,
                    "bin_order": order,
                    "n_bars": sum(map(bool, inside)),
                }
                for metric, m in METRICS.items():
                    span = spans[m.window]
                    b = Bin(m, values[metric], inside, span, batches(span))
                    ties = {"tie_share": tie_share(m.moves(p), inside, len(b.own)) if m.moves else None}
                    found.append(described(place | ties | {"metric": metric}, b, settings["confidence"]))
    rows: list[Row] = []
    for metric in METRICS:
        rows += judge([x for x in found if x.row["metric"] == metric], settings["q_max"], least)
    return rows


def described(place: Row, b: Bin, confidence: float) -> Found:
    """One row without what other rows decide."""
    m = b.metric
    row = place | {"metric_name": m.name, "reading": m.reading, "window_bars": m.window, "unit": m.unit}
    parts = frozenset(frozenset(t for t, x in enumerate(b.inside) if x is side) for side in (True, False))
    row["n"] = len(b.own)
    if m.kind == "count":
        return Found(row | {"value": float(len(b.own))}, None, None, parts, is_geometric=False)
    columns, cell, n_eff = KINDS[m.kind](b, confidence)
    row |= columns
    known = row.get("value") is not None and row["baseline"] is not None
    row |= {"lift": row["value"] - row["baseline"] if known else None, "n_clusters": cell.n_blocks}
    # An interval of no width is no certainty.
    if not (row.get("ci_low") is not None and row["ci_low"] < row["ci_high"]):
        row |= {"ci_low": None, "ci_high": None}
    return Found(row, cell, n_eff, parts, is_geometric=m.is_geometric)


def judge(rows: list[Found], q_max: float, least: int) -> list[Row]:
    """Hypotheses, the family of one metric, and what it finds."""
    groups = defaultdict(list)
    for found in rows:
        groups[found.parts].append(found)
    p_of = {}
    for parts, group in groups.items():
        each = [found.p_value for found in group]
        p_of[parts] = None if None in each else max(p for p in each if p is not None)
    tested = [
        parts for parts, group in groups.items() if p_of[parts] is not None and all(x.row["n"] >= least for x in group)
    ]
    q_of = dict(zip(tested, benjamini_hochberg([p_of[parts] or 0.0 for parts in tested]), strict=True))
    level = q_max / len(tested) if tested else math.nan
    done = []
    for parts, group in groups.items():
        first = min(group, key=lambda x: (x.row["dimension"], x.row["bin_order"])).row
        shared = {
            "hypothesis": f"{first['dimension']} | {first['bin']}",
            "p_value": p_of[parts],
            "q_value": q_of.get(parts),
        }
        mde = [None if p_of[parts] is None or not tested else detectable(found, level) for found in group]
        is_rate = METRICS[first["metric"]].kind == "rate"
        ample = all(x.cell and x.cell.n and not math.isnan(x.cell.degrees) and x.row["n"] >= least for x in group)
        no_spread = ample and p_of[parts] is None  # equal values
        silent = "underpowered" if is_rate and None in mde else "not_significant"
        for found, least_lift in zip(group, mde, strict=True):
            row = found.row | shared | {"mde": least_lift, "verdict": None}
            if found.cell is not None and not found.is_geometric and frozenset() not in parts and not no_spread:
                q = shared["q_value"]
                row["verdict"] = "insufficient" if q is None else "significant" if q <= q_max else silent
            done.append(row)
    return done


def detectable(found: Found, level: float) -> float | None:
    """In the unit of the lift: what is found of value − all bars is the lift times the share of the rest."""
    cell, kind = found.cell, METRICS[found.row["metric"]].kind
    assert cell is not None
    power = Power(level, cell.degrees, POWER)
    if kind == "mean":
        return power.of_numbers(found.row["se_lift"] ** 2)
    if kind != "rate":
        return None
    assert found.n_eff_of_test is not None
    least = power.of_rates(cell.n, cell.share, cell.baseline, cell.inflation(found.n_eff_of_test))
    return None if least is None else least / (1 - cell.share)
