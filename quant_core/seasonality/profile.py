"""Seasonal profiles of one symbol: every bin with interval, baseline, test and verdict.

Put here: the profile of a stretch of bars, its families of tests, and the table over all bars and folds.
Keep out: statistics of bins (_inference.py), per-year profiles (stability.py), choosing bins to trade
(active_bins.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.bars import Bars
from quant_core.estimators.jeffreys import Jeffreys
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg
from quant_core.seasonality._bins import DimensionStatistics, dimension_statistics
from quant_core.seasonality._detectable import detectable_lifts
from quant_core.seasonality._hypotheses import FAMILY, PARTS, name_hypotheses, share_tests
from quant_core.seasonality._inference import BinStatistics
from quant_core.seasonality._replication import Part, with_replication
from quant_core.seasonality.settings import SeasonalityProfileSpec
from quant_core.splitters import Fold
from quant_core.tables.seasonality_profiles import TABLE

ALL_BARS = -1
ROUNDING = 1e-9
"""An interval narrower than this share of its bounds is the rounding of equal values."""
_DESCRIBED = "_described"
"""Whether a metric is described and not tested; dropped from the table."""


def profile_bars(
    bars: Bars, spec: SeasonalityProfileSpec, *, fold: int = ALL_BARS, split: str = "all", n_threads: int = 1
) -> pl.DataFrame:
    """The profile of a stretch of bars: rows of ``seasonality_profiles`` without ``stability`` and ``replicated``.

    Bins without a bar have no row; without a dimension there is no row at all. q-values: Benjamini-Hochberg over the
    hypotheses of all bins of all dimensions, one family per metric; bins that part the same bars in the same way are
    one hypothesis. Cells under ``min_samples_bin`` bars, or without a test, are outside the family and
    ``insufficient``.

    Look-ahead: values look ahead as their metrics say; nothing outside ``bars`` is read.

    >>> from quant_core.seasonality.settings import SeasonalityProfileSpec
    >>> bars = Bars.of(close=[1.0, 2.0, 1.0] * 24)
    >>> spec = SeasonalityProfileSpec(dimensions=("hour",), metrics=("next_p_up",), by_hour=False, by_dow=False)
    >>> rows = profile_bars(bars, spec)
    >>> rows.select("bin", "n", "value", "verdict").row(0)
    ('0', 3, 1.0, 'insufficient')
    """
    dimensions = spec.resolved_dimensions()
    if len(bars) == 0 or not dimensions:
        return TABLE.empty()
    statistics = dimension_statistics(
        bars, dimensions, spec.resolved_metrics(), confidence=spec.confidence, n_threads=n_threads
    )
    return _table(bars, statistics, spec, fold=fold, split=split)


def _table(
    bars: Bars, statistics: Sequence[DimensionStatistics], spec: SeasonalityProfileSpec, *, fold: int, split: str
) -> pl.DataFrame:
    """Statistics of all dimensions as one table, with q-values and verdicts."""
    rows = rows_of(statistics)
    if not rows.height:
        return TABLE.empty()
    rows = rows.with_columns(
        symbol=pl.lit(bars.symbol),
        timeframe=pl.lit(bars.timeframe.value),
        fold=pl.lit(fold, dtype=pl.Int64),
        split=pl.lit(split),
        period_start=pl.lit(bars.frame["ts"][0]).cast(TABLE.schema["period_start"]),
        period_end=pl.lit(bars.frame["ts_close"][-1]).cast(TABLE.schema["period_end"]),
        stability=pl.lit(None, dtype=pl.String),
        stable=pl.lit(None, dtype=pl.Boolean),
        replicated=pl.lit(None, dtype=pl.Boolean),
    )
    return TABLE.arranged(with_verdicts(_with_posterior(rows, spec), spec)).sort(TABLE.order)


def rows_of(statistics: Sequence[DimensionStatistics]) -> pl.DataFrame:
    """Statistics of all dimensions as rows, bins with bars only; without symbol, period and verdict."""
    # One frame of all columns: a frame per dimension and metric would cost more than the statistics themselves.
    each = [(found, metric, stats) for found in statistics for metric, stats in found.metrics]
    n_bins = [len(found.n_bars) for found, _, _ in each]
    columns: dict[str, pl.Series] = {
        "dimension": _repeated([found.dimension.canonical for found, _, _ in each], n_bins),
        "bin": pl.Series([name for found, _, _ in each for name in found.dimension.bins], dtype=pl.String),
        "bin_order": pl.Series(_joined([np.arange(n) for n in n_bins])).cast(pl.Int32),
        "metric": _repeated([metric.canonical for _, metric, _ in each], n_bins),
        "metric_name": _repeated([metric.short_name for _, metric, _ in each], n_bins),
        "reading": _repeated([metric.reading for _, metric, _ in each], n_bins),
        "window_bars": _repeated([metric.bar_value.window_bars for _, metric, _ in each], n_bins).cast(pl.Int32),
        _DESCRIBED: _repeated([metric.is_geometric for _, metric, _ in each], n_bins),
        "unit": _repeated([metric.unit for _, metric, _ in each], n_bins),
        "n_bars": pl.Series(_joined([found.n_bars for found, _, _ in each])),
        "n": pl.Series(_joined([stats.n for _, _, stats in each]).astype(np.int64)),
    }
    columns |= {name: pl.Series(_joined([f.parts[:, i] for f, _, _ in each])) for i, name in enumerate(PARTS)}
    fields = [name for name in BinStatistics.__dataclass_fields__ if name not in columns]
    columns |= {name: pl.Series(_joined([getattr(stats, name) for _, _, stats in each])) for name in fields}
    # nan is how arrays say undefined; a table says null.
    defined = [pl.col(name).fill_nan(None).cast(TABLE.schema.get(name, pl.Float64)) for name in fields]
    rows = pl.DataFrame(columns).filter(pl.col("n_bars") > 0).with_columns(defined)
    # Values without spread (a flat stretch, ties at a quantile) give an interval of no width, which is no certainty.
    has_width = pl.col("ci_high") - pl.col("ci_low") > ROUNDING * pl.max_horizontal(pl.col("ci_low", "ci_high").abs())
    return rows.with_columns(
        p_value=pl.when(~pl.col(_DESCRIBED)).then("p_value"),
        ci_low=pl.when(has_width).then("ci_low"),
        ci_high=pl.when(has_width).then("ci_high"),
    )


def _joined(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(arrays)


def _repeated(labels: Sequence[Any], times: Sequence[int]) -> pl.Series:
    """Every label as often as its dimension has bins."""
    return pl.Series(labels).gather(np.repeat(np.arange(len(times)), times))


def _with_posterior(rows: pl.DataFrame, spec: SeasonalityProfileSpec) -> pl.DataFrame:
    """Jeffreys posterior of the rates, all at once."""
    rates = [m.canonical for m in spec.resolved_metrics() if m.kind == "rate"]
    mine = rows["metric"].is_in(rates).to_numpy()
    posterior = Jeffreys(confidence=spec.confidence)
    value, n_eff = (rows[c].filter(mine).fill_null(float("nan")).to_numpy() for c in ("value", "n_eff"))
    columns: dict[str, pl.Series] = {}
    bounds = (posterior.mean(value, n_eff), *posterior.interval(value, n_eff))
    for name, found in zip(("p_mean", "hdi_low", "hdi_high"), bounds, strict=True):
        column = np.full(rows.height, np.nan)
        column[mine] = found
        columns[name] = pl.Series(column).fill_nan(None)
    return rows.with_columns(**columns)


def with_verdicts(rows: pl.DataFrame, spec: SeasonalityProfileSpec) -> pl.DataFrame:
    """Add hypotheses, q-values, mde and verdicts; a family is symbol, timeframe, fold, split and metric."""
    shared = share_tests(name_hypotheses(rows), spec.min_samples_bin)
    correction = BenjaminiHochberg(rate=spec.q_max)

    def adjust(p: pl.Series) -> pl.Series:
        return pl.Series(correction.adjust(p.fill_null(float("nan")).to_numpy())).fill_nan(None)

    # Each hypothesis enters its family once; its members have what it was given there.
    enters = pl.col("_is_tested") & pl.col("_speaks")
    own = pl.when(enters).then(pl.col("p_value")).map_batches(adjust, return_dtype=pl.Float64).over(FAMILY)
    q = pl.when("_is_tested").then(pl.col("q_value").max().over(*FAMILY, "hypothesis"))
    n_tests = shared.select(enters.sum().over(FAMILY)).to_series().to_list()
    first_step = np.array([correction.first_step(n) if n else np.nan for n in n_tests])
    # A hypothesis without a test finds nothing, also where one of its bins has clusters enough for one.
    tested = ~shared["p_value"].is_null().to_numpy()
    mde = pl.Series(np.where(tested, detectable_lifts(shared, first_step), np.nan)).fill_nan(None)
    # Only rates have a largest possible lift: a bin without a detectable one is beyond the family's first step.
    is_rate = pl.col("se_lift").is_not_null() & pl.col("inflation").is_not_null()
    beyond = (pl.col("mde").is_null() & is_rate).any().over(*FAMILY, "hypothesis")
    # Counts are not tested, a bin that holds every bar has nothing to be compared with, and equal values have no spread
    # to compare by, however many there are.
    holds_all = pl.col(PARTS[0]) == 0
    could_be = (pl.col("degrees").is_not_null() & (pl.col("n") >= spec.min_samples_bin)).all()
    no_spread = pl.col("p_value").is_null() & could_be.over(*FAMILY, "hypothesis")
    verdict = (
        pl.when(pl.col("n_clusters").is_null() | holds_all | pl.col(_DESCRIBED) | no_spread)
        .then(None)
        .when(pl.col("q_value").is_null())
        .then(pl.lit("insufficient"))
        .when(pl.col("q_value") <= spec.q_max)
        .then(pl.lit("significant"))
        .when(beyond)
        .then(pl.lit("underpowered"))
        .otherwise(pl.lit("not_significant"))
    )
    return shared.with_columns(q_value=own, mde=mde).with_columns(q_value=q).with_columns(verdict=verdict)


def compute_seasonality(
    bars: Bars, spec: SeasonalityProfileSpec, folds: Sequence[Fold] = (), *, n_threads: int = 1
) -> pl.DataFrame:
    """Profiles over all bars and over both sides of every fold.

    ``stability``, ``stable`` and ``replicated`` are set on train rows from the fold's test rows, and on the rows over
    all bars from the two halves of the bars: a bin is chosen on the earlier part alone and checked on the later one.

    Given:
        bars: one symbol at one timeframe.
        folds: of a splitter over ``bars.frame["session_date"]``; purged by the longest outcome window.

    Returns:
        A frame that satisfies the table ``seasonality_profiles``.
    """
    whole = profile_bars(bars, spec, n_threads=n_threads)
    dimensions, divided = spec.resolved_dimensions(), halves(bars)
    early, late = (Part(profile_bars(half, spec, n_threads=n_threads), half) for half in divided)
    parts = [with_replication(whole, early, late, dimensions)]
    # The stretch keeps bars up to its end: outcomes are computed inside it, so its last decisions have none.
    for fold in folds:
        train = bars.slice(fold.train_start, fold.train_stop)
        test = bars.slice(fold.test_start, fold.test_stop)
        trained = profile_bars(train, spec, fold=fold.index, split="train", n_threads=n_threads)
        tested = profile_bars(test, spec, fold=fold.index, split="test", n_threads=n_threads)
        replicated = with_replication(trained, Part(trained, train), Part(tested, test), dimensions)
        parts.extend((replicated, tested))
    return TABLE.validate(pl.concat(parts).sort(TABLE.order), where=f"{bars.symbol} {bars.timeframe.value}")


def halves(bars: Bars) -> tuple[Bars, Bars]:
    """Cut the bars in two at the session boundary nearest before the middle; the earlier half may be empty."""
    days = bars.frame["session_date"]
    middle = len(days) // 2
    cut = int((days < days[middle]).sum()) if middle else 0
    return bars.slice(0, cut), bars.slice(cut, len(bars))
