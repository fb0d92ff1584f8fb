"""All metrics of one dimension: from cell values to the statistics of its bins.

Put here: bringing together cells, sums, ranks and inference for one dimension, and the loop over dimensions.
Keep out: frames and tables (profile.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quant_core.bars import Bars
from quant_core.counting.fingerprints import Prints
from quant_core.dimensions import Dimension
from quant_core.profile_metrics import BarValue, ProfileMetric
from quant_core.seasonality._cells import (
    Cells,
    Codes,
    Ints,
    group_by_cell_length,
)
from quant_core.seasonality._cube import Floats, cluster_sums, covered_bars, roll_up
from quant_core.seasonality._hypotheses import parts_of_bins
from quant_core.seasonality._inference import (
    BELOW,
    BinStatistics,
    BinSums,
    QuantilePlan,
    count_statistics,
    mean_statistics,
    own_deviations,
    plain_quantile,
    plain_statistics,
    plan_quantile,
    rate_statistics,
    std_statistics,
)
from quant_core.seasonality._ranks import rank_sweep
from quant_core.seasonality._spans import Spans, spans_of
from quant_core.seasonality._threads import in_threads
from quant_core.seasonality._values import CellValues, cell_values, ties_of, values_of

CLUSTER_WINDOWS = 4
"""A cluster holds at least this many outcome windows, as in market statistics."""


@dataclass(frozen=True)
class DimensionStatistics:
    """Bars per bin of one dimension, and the statistics of every metric, those of one bar value together.

    ``parts`` are the fingerprints of the two parts in which each bin parts the bars: (n_bins, 2).
    """

    dimension: Dimension
    n_bars: Ints
    parts: Prints
    metrics: tuple[tuple[ProfileMetric, BinStatistics], ...]


def dimension_statistics(
    bars: Bars,
    dimensions: Sequence[Dimension],
    metrics: Sequence[ProfileMetric],
    *,
    values: dict[BarValue, Floats] | None = None,
    confidence: float | None = 0.95,
    n_threads: int = 1,
) -> list[DimensionStatistics]:
    """Statistics of every bin of every dimension for every metric, in the order of the dimensions.

    Equal for any number of threads: a dimension is summed by one thread.

    Given:
        values: the bar values of the metrics, nan for missing; computed from the bars where not given.
        confidence: of every interval; None computes n, value, baseline and lift alone.
    """
    values = values_of(bars, metrics) if values is None else values
    by_value: dict[BarValue, list[ProfileMetric]] = {v: [] for v in values}
    for metric in metrics:
        by_value[metric.bar_value].append(metric)
    ties = None if confidence is None else ties_of(bars, values)
    found: dict[Dimension, DimensionStatistics] = {}
    for cells, coded in group_by_cell_length(dimensions, bars, n_threads):
        prepared = cell_values(values, metrics, cells, n_threads, ties=ties, shares=confidence is not None)
        spanned = [] if confidence is None else [d for d, _ in coded]
        spans = spans_of(cells, spanned, [v.window_bars for v in values], CLUSTER_WINDOWS)

        def one(
            item: tuple[Dimension, Codes],
            cells: Cells = cells,
            prepared: dict[BarValue, CellValues] = prepared,
            spans: Spans = spans,
        ) -> DimensionStatistics:
            return _one_dimension(*item, cells, prepared, by_value, spans, confidence)

        found.update((result.dimension, result) for result in in_threads(one, coded, n_threads, len(bars)))
    return [found[d] for d in dimensions]


def _one_dimension(
    dimension: Dimension,
    codes: Codes,
    cells: Cells,
    prepared: dict[BarValue, CellValues],
    metrics: dict[BarValue, list[ProfileMetric]],
    spans: Spans,
    confidence: float | None,
) -> DimensionStatistics:
    n_bins = len(dimension.bins)
    per_cell = np.diff(cells.starts)
    n_bars = np.bincount(codes[codes >= 0], weights=per_cell[codes >= 0], minlength=n_bins).astype(np.int64)
    results: dict[ProfileMetric, BinStatistics] = {}
    for bar_value, value in prepared.items():
        own = metrics[bar_value]
        sums: Floats = roll_up(value.cube, codes, n_bins)
        if confidence is None:
            plain = {m: plain_statistics(m.kind, sums, value.shift) for m in own if m.kind != "quantile"}
            plans = {m: plain_quantile(sums, m.probability) for m in own if m.kind == "quantile"}
        else:
            span = spans[dimension, bar_value.window_bars]
            found = _bin_sums(value, cells, codes, sums, span, confidence)
            plain = {m: _additive(found, value, codes, span[1], m) for m in own if m.kind != "quantile"}
            plans = {m: _planned(found, value, m) for m in own if m.kind == "quantile"}
        results.update(plain)
        results.update(_finished(value, codes, plans))
    return DimensionStatistics(dimension, n_bars, parts_of_bins(cells, codes, n_bins), tuple(results.items()))


def _bin_sums(
    value: CellValues, cells: Cells, codes: Codes, sums: Floats, span: tuple[Ints, Ints], confidence: float
) -> BinSums:
    """Everything additive that intervals and tests of one bar value need."""
    window, n = value.bar_value.window_bars, sums[:, 0]
    covered: Ints = n.astype(np.int64)
    if window > 1:
        covered = covered_bars(value.values, cells.starts, codes, len(n), window)
    cycle_sums, batch_sums = (cluster_sums(value.columns, codes, clusters, n) for clusters in span)
    return BinSums(sums, value.shift, covered, window, cycle_sums, batch_sums, confidence)


def _additive(found: BinSums, value: CellValues, codes: Codes, batches: Ints, metric: ProfileMetric) -> BinStatistics:
    """A rate, mean, standard deviation or count."""
    if metric.kind == "rate":
        ties = None if value.ties is None else roll_up(value.ties, codes, len(found.sums))[:, 0]
        return rate_statistics(found, ties)
    if metric.kind == "mean":
        return mean_statistics(found)
    if metric.kind == "std":
        deviations = own_deviations(value.cube, codes, found.sums)
        return std_statistics(found, cluster_sums(deviations, codes, batches, found.sums[:, 0]))
    return count_statistics(found.sums)


def _planned(found: BinSums, value: CellValues, metric: ProfileMetric) -> QuantilePlan:
    return plan_quantile(found, BELOW + value.probabilities.index(metric.probability), metric.probability)


def _finished(
    value: CellValues, codes: Codes, plans: dict[ProfileMetric, QuantilePlan]
) -> dict[ProfileMetric, BinStatistics]:
    """All quantiles of one bar value from one sweep."""
    if not plans:
        return {}
    inside, outside = sweep(value, codes, list(plans.values()))
    out: dict[ProfileMetric, BinStatistics] = {}
    at = 0
    for i, (metric, plan) in enumerate(plans.items()):
        width = plan.inside.shape[1]
        out[metric] = plan.finish(inside[:, at : at + width], outside[:, 2 * i : 2 * i + 2])
        at += width
    return out


def sweep(value: CellValues, codes: Codes, plans: Sequence[QuantilePlan]) -> tuple[Floats, Floats]:
    """The values at all planned ranks, in the order of the plans; the sweep itself wants ascending ranks."""
    inside, outside = (np.concatenate([getattr(p, side) for p in plans], axis=1) for side in ("inside", "outside"))
    order_in, order_out = np.argsort(inside, axis=1), np.argsort(outside, axis=1)
    ordered = value.ordered
    if ordered is None:
        raise ValueError("A sweep needs sorted values.")
    found_in, found_out = rank_sweep(
        ordered.values,
        ordered.cells,
        codes,
        np.take_along_axis(inside, order_in, axis=1),
        np.take_along_axis(outside, order_out, axis=1),
    )
    out_in, out_out = np.empty_like(found_in), np.empty_like(found_out)
    np.put_along_axis(out_in, order_in, found_in, axis=1)
    np.put_along_axis(out_out, order_out, found_out, axis=1)
    return out_in, out_out
