"""Seasonal bins: the bins of seasonal profiles over all symbols and timeframes.

Put here: choosing and ordering rows of ``mart__seasonality_profiles``.
Keep out: the profiles (quant_core.seasonality), their correction (the mart's SELECT), and how bins look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from quant_core.errors import UnknownNameError
from quant_core.seasonality.reading import metric_rows
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.query import read_mart
from quant_pipelines.marts.questions import one_bin_per_question
from quant_pipelines.reading.claims import claimed
from quant_pipelines.reading.partitions import of_partitions

_PLACE = ("symbol", "timeframe", "dimension", "metric", "bin_order")
_BY_STRENGTH = ("q_value_global", "p_value", *_PLACE)


@dataclass(frozen=True)
class StrongestBins:
    """The tested bins, one per question, smallest q over all symbols first.

    Attributes:
        rows: of ``mart__seasonality_profiles``.
        n_found: questions with q at most the asked rate.
    """

    rows: pl.DataFrame
    n_found: int


def strongest_bins(lake: Lake, *, q_max: float) -> StrongestBins:
    """The bins that were tested, and how many were found.

    Raises:
        LakeError: the mart was never built, or from another schema.
    """
    mart = read_mart("mart__seasonality_profiles", lake)
    tested = one_bin_per_question(mart.filter(pl.col("q_value_global").is_not_null()).sort(_BY_STRENGTH))
    return StrongestBins(tested, int((tested["q_value_global"] <= q_max).sum()))


def seasonal_bins(
    lake: Lake,
    *,
    metric: str | None = None,
    dimension: str | None = None,
    symbols: Sequence[str] = (),
    timeframes: Sequence[str] = (),
    q_max: float | None = None,
) -> pl.DataFrame:
    """Bins of profiles: those of one dimension in calendar order; without one the smallest q first, one per question.

    Args:
        lake: where the mart is.
        metric: short name or canonical id; None: all.
        dimension: bare name, which stands for every parameter, or canonical id; None: all.
        symbols: all where empty.
        timeframes: all where empty.
        q_max: leaves out bins whose q is larger, over all symbols and timeframes or in the one asked for; None: none.

    Raises:
        LakeError: the mart was never built, or from another schema.
        UnknownNameError: no profile has the dimension or the metric.
    """
    mart = read_mart("mart__seasonality_profiles", lake)
    if metric:
        mart = metric_rows(mart, metric)
    if dimension:
        mart = _of_dimension(mart, dimension)
    mart = claimed(of_partitions(mart, symbols, timeframes))
    if q_max is not None:
        mart = mart.filter(pl.col("q_value_global") <= q_max)
    return mart.sort(_PLACE) if dimension else one_bin_per_question(mart.sort(_BY_STRENGTH, nulls_last=True))


def _of_dimension(mart: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows of one dimension; its bare name stands for every parameter."""
    rows = mart.filter((pl.col("dimension") == name) | (pl.col("dimension").str.split("(").list.first() == name))
    if rows.is_empty():
        known: list[str] = mart["dimension"].unique().sort().to_list()
        raise UnknownNameError.among("dimension of these profiles", name, known)
    return rows
