"""Seasonal profiles against polars and pandas: 20 dimensions × 15 metrics, interleaved in one process.

Run: python -m tests.benchmarks.bench_seasonality [--rows 10000000] [--repeats 3] [--threads 2]

The peers get their bin codes and bar values as ready columns and compute n, the 15 values and nothing else. Ours
starts from time stamps and the same bar values, and also computes baselines without the bin; a second line adds
intervals, effective sample sizes and tests. All values are compared before anything is timed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.profile_metrics import BarValue, ProfileMetric
from quant_core.seasonality._bins import DimensionStatistics, dimension_statistics
from quant_core.seasonality._values import values_of
from quant_core.seasonality.entries import resolve_dimension, resolve_metric
from quant_core.timeframes import Timeframe

DIMENSIONS = (
    "hour", "half_hour", "dow", "month", "quarter", "day_in_month", "week_in_month", "week_of_year", "session",
    "is_month_start", "is_month_end", "last_1", "is_third_friday", "is_news_hour", "trading_day_of_month",
    "turn_of_month", "minutes_from_session_open", "hour x dow", "month x dow", "session x dow",
)  # fmt: skip
METRICS = (
    "next_p_up", "next_ret_mean", "next_ret_std", "next_ret_p25", "next_ret_p50", "next_ret_p75",
    "next_ret_p90", "amp_mean", "amp_std", "amp_p25",
    "amp_p75", "amp_p90", "p_breakout_up", "p_breakout_down", "p_in_range",
)  # fmt: skip
Values = dict[BarValue, np.ndarray]


def minute_bars(n: int) -> Bars:
    """A heavy-tailed random walk on a market that never closes."""
    rng = np.random.default_rng(20)
    close = np.exp(np.cumsum(rng.standard_t(4, n) * 1e-4))
    open_ = np.append(1.0, close[:-1])
    start = datetime(2005, 1, 1, tzinfo=UTC)
    ts = pl.datetime_range(start, start + timedelta(minutes=n - 1), "1m", eager=True, time_unit="us", time_zone="UTC")
    frame = pl.DataFrame(
        {
            "ts": ts,
            "ts_close": ts.dt.offset_by("1m"),
            "open": open_,
            "high": np.maximum(open_, close) * (1 + rng.exponential(5e-5, n)),
            "low": np.minimum(open_, close) * (1 - rng.exponential(5e-5, n)),
            "close": close,
            "volume": np.ones(n),
            "session_date": ts.dt.date(),
        }
    )
    return Bars.of(close=[1.0], timeframe=Timeframe.M1).with_frame(frame)


def polars_values(frame: pl.LazyFrame, n_dimensions: int, metrics: list[ProfileMetric]) -> list[pl.DataFrame]:
    """One group_by per dimension, all metrics."""
    columns = [_expression(m).alias(m.short_name) for m in metrics]
    return [frame.group_by(f"bin{i}").agg(pl.len().alias("n_bars"), *columns).collect() for i in range(n_dimensions)]


def _expression(metric: ProfileMetric) -> pl.Expr:
    column = pl.col(metric.bar_value.canonical)
    if metric.kind == "quantile":
        return column.quantile(metric.probability, "linear")
    return column.std() if metric.kind == "std" else column.mean()


def pandas_values(frame: object, n_dimensions: int, metrics: list[ProfileMetric]) -> list[object]:
    """One groupby per dimension and metric."""
    out = []
    for i in range(n_dimensions):
        groups = frame.groupby(f"bin{i}")
        columns = {}
        for m in metrics:
            column = groups[m.bar_value.canonical]
            columns[m.short_name] = (
                column.quantile(m.probability)
                if m.kind == "quantile"
                else column.std()
                if m.kind == "std"
                else column.mean()
            )
        out.append((groups.size(), columns))
    return out


def check_equal(ours: list[DimensionStatistics], peer: list[pl.DataFrame]) -> float:
    """Largest relative difference of any value to polars; counts must agree exactly."""
    worst = 0.0
    for i, (found, frame) in enumerate(zip(ours, peer, strict=True)):
        rows = frame.filter(pl.col(f"bin{i}").is_not_null()).sort(f"bin{i}")
        codes = rows[f"bin{i}"].to_numpy()
        assert np.array_equal(np.flatnonzero(found.n_bars), codes)
        assert np.array_equal(found.n_bars[codes], rows["n_bars"].to_numpy())
        for metric, stats in found.metrics:
            theirs, mine = rows[metric.short_name].to_numpy(), stats.value[codes]
            scale = np.nanmax(np.abs(theirs))
            worst = max(worst, float(np.nanmax(np.abs(mine - theirs)) / scale))
    return worst


def interleaved(work: dict[str, Callable[[], object]], repeats: int) -> dict[str, tuple[float, float]]:
    """Median wall and processor seconds of each, measured in turn so that noise hits all alike."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for _ in range(repeats):
        for name, call in work.items():
            start, cpu = time.perf_counter(), time.process_time()
            call()
            times[name].append((time.perf_counter() - start, time.process_time() - cpu))
    return {n: (statistics.median(w for w, _ in t), statistics.median(c for _, c in t)) for n, t in times.items()}


def measure(rows: int, *, repeats: int, threads: int, with_pandas: bool) -> bool:
    """Print the table of one size; False when a target of this size was missed."""
    bars = minute_bars(rows)
    dimensions = [resolve_dimension(name) for name in DIMENSIONS]
    metrics = [resolve_metric(name) for name in METRICS]
    values = values_of(bars, metrics)
    columns = {v.canonical: pl.Series(a).fill_nan(None) for v, a in values.items()}
    frame = pl.DataFrame({**{f"bin{i}": d.codes(bars) for i, d in enumerate(dimensions)}, **columns})
    lazy = frame.lazy()

    def ours(confidence: float | None = None) -> list[DimensionStatistics]:
        return dimension_statistics(bars, dimensions, metrics, values=values, confidence=confidence, n_threads=threads)

    worst = check_equal(ours(), polars_values(lazy, len(dimensions), metrics))
    work: dict[str, Callable[[], object]] = {
        "ours": ours,
        "ours with inference": lambda: ours(0.95),
        "polars": lambda: polars_values(lazy, len(dimensions), metrics),
    }
    if with_pandas:
        table = frame.to_pandas()
        work["pandas"] = lambda: pandas_values(table, len(dimensions), metrics)
    times = interleaved(work, repeats)
    print(f"{rows:,} bars, {len(dimensions)} dimensions x {len(metrics)} metrics, {threads} threads")
    print(f"largest relative difference to polars: {worst:.1e}")
    print(f"{'':20s} {'wall':>10s} {'':>12s} {'processor':>10s}")
    for name, (wall, cpu) in times.items():
        ratios = wall / times["ours"][0], cpu / times["ours"][1]
        print(
            f"{name:20s} {wall * 1000:7,.0f} ms {ratios[0]:6.1f} x ours {cpu * 1000:7,.0f} ms {ratios[1]:6.1f} x ours"
        )
    met = worst <= LARGEST_DIFFERENCE
    for name, (size, target) in TARGETS.items():
        if name in times and rows == size:
            found = times[name][0] / times["ours"][0]
            print(f"target: {name} >= {target} x ours; found {found:.1f}")
            met = met and found >= target
    return met


TARGETS = {"polars": (10_000_000, 6), "pandas": (1_000_000, 20)}
"""Peer → rows and least wall-time ratio."""
LARGEST_DIFFERENCE = 1e-9


def main() -> int:
    """Measure one million rows with pandas and ten million without, or the rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=None)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    sizes = [given.rows] if given.rows else [1_000_000, 10_000_000]
    met = [
        measure(n, repeats=given.repeats, threads=given.threads, with_pandas=n <= TARGETS["pandas"][0]) for n in sizes
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
