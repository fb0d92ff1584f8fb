"""Which bins to trade, chosen on train, and the signal they give.

Put here: choosing long and short bins from a profile, and turning bars into a long, short or flat signal.
Keep out: entries, exits and costs (backtest).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.dimensions import Dimension
from quant_core.errors import ConfigError
from quant_core.seasonality._cells import Ints
from quant_core.seasonality.entries import resolve_dimension, resolve_metric
from quant_core.seasonality.settings import SeasonalityProfileSpec, SeasonalitySignalSpec

BASIS_POINT = 1e-4


@dataclass(frozen=True)
class ActiveBins:
    """Bins to be long in and bins to be short in, one pair of tuples per dimension.

    Attributes:
        dimensions: the dimensions that vote.
        long, short: labels of the active bins of each dimension, best first; disjoint.
        metric: canonical id of the score.
        cutoffs: lowest long score and highest short score of each dimension; None without an active bin.
    """

    dimensions: tuple[Dimension, ...]
    long: tuple[tuple[str, ...], ...]
    short: tuple[tuple[str, ...], ...]
    metric: str
    cutoffs: tuple[tuple[float | None, float | None], ...]


def choose_active_bins(
    profile: pl.DataFrame, spec: SeasonalityProfileSpec, signal: SeasonalitySignalSpec
) -> ActiveBins:
    """Choose bins from the train rows of one fold, or from the rows over all bars of a training period.

    Score: next_p_up for ``direction``, next_ret_mean for ``return``: what a signal can trade. ``threshold``: long
    at a score of at least the threshold, short at most at its mirror image. ``topk``: the k highest scores above
    the mirror point (one half, or zero) are long, the k lowest below it short. Bins that are ``insufficient`` never
    count.

    Look-ahead: none as long as ``profile`` holds training rows only, which is checked.

    Raises:
        ConfigError: the profile holds test rows or several symbols or folds, or lacks the score or a dimension.
    """
    _check_one_training_profile(profile)
    name = "next_p_up" if spec.measure == "direction" else "next_ret_mean"
    metric = resolve_metric(name, spec.ret_horizon).canonical
    neutral = 0.5 if spec.measure == "direction" else 0.0
    margin = signal.threshold - 0.5 if spec.measure == "direction" else signal.threshold_bps * BASIS_POINT
    dimensions = tuple(resolve_dimension(entry, spec.zone) for entry in signal.dims)
    sides: list[tuple[list[tuple[float, str]], list[tuple[float, str]]]] = []
    for dimension in dimensions:
        rows = profile.filter((pl.col("dimension") == dimension.canonical) & (pl.col("metric") == metric))
        if rows.height == 0:
            raise ConfigError.at(
                "seasonality.signal.dims",
                expected="a dimension and a score of the profile",
                found=f"{dimension} with {metric}",
                next_step="Add both to seasonality.profile.",
            )
        usable = rows.filter(pl.col("verdict").is_in(["significant", "not_significant"]))
        if signal.significant_only:
            # One strong bin makes all others significantly worse than the rest: that is no reason to trade them.
            same_side = pl.col("lift").sign() == (pl.col("value") - neutral).sign()
            usable = usable.filter((pl.col("verdict") == "significant") & same_side)
        usable = usable.sort("value", "bin_order", descending=[True, False])
        scored = [(float(v), str(b)) for v, b in usable.select("value", "bin").iter_rows()]
        sides.append(_sides(scored, signal, neutral, margin))
    return ActiveBins(
        dimensions,
        long=tuple(tuple(b for _, b in up) for up, _ in sides),
        short=tuple(tuple(b for _, b in down) for _, down in sides),
        metric=metric,
        cutoffs=tuple((up[-1][0] if up else None, down[-1][0] if down else None) for up, down in sides),
    )


def _sides(
    scored: list[tuple[float, str]], signal: SeasonalitySignalSpec, neutral: float, margin: float
) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
    """Long bins, highest score first, and short bins, lowest score first, out of falling scores."""
    if signal.method == "topk":
        up, down = [s for s in scored if s[0] > neutral], [s for s in reversed(scored) if s[0] < neutral]
        return up[: signal.topk], down[: signal.topk]
    up = [s for s in scored if s[0] >= neutral + margin]
    return up, [s for s in reversed(scored) if s[0] <= neutral - margin and s not in up]


def _check_one_training_profile(profile: pl.DataFrame) -> None:
    """Refuse anything but one symbol's rows of one fold's train split, or of all bars of one period."""
    kinds = profile.select("symbol", "timeframe", "fold", "split").unique()
    if kinds.height != 1 or kinds["split"][0] == "test":
        raise ConfigError.at(
            "profile",
            expected="the train rows of one fold of one symbol",
            found=kinds.rows()[:3],
            next_step="Filter the profile by symbol, timeframe, fold and split = 'train'.",
        )


def seasonal_signal(bars: Bars, active: ActiveBins, signal: SeasonalitySignalSpec) -> pl.Series:
    """The wanted position of every bar: 1 long, -1 short, 0 flat (Int8).

    Each dimension votes 1, -1 or 0 by the bar's bin. and: the side all dimensions vote for; a dimension without
    an active bin therefore keeps it flat. or: the side that has votes while the other has none. sum: the sign of
    the net votes once they reach ``sum_threshold``.

    A bar's bin is known at its open; the signal belongs to the bar whose following return the profile measured,
    so it may be acted on at the bar's close.

    Example, by hand: long in hour 1, short in hour 2.

    >>> from quant_core.dimensions.hour import Hour
    >>> active = ActiveBins((Hour(),), (("1",),), (("2",),), "next_p_up", ((0.6, 0.4),))
    >>> seasonal_signal(Bars.of(close=[1.0] * 4), active, SeasonalitySignalSpec(dims=("hour",))).to_list()
    [0, 1, -1, 0]
    """
    votes = np.zeros((len(active.dimensions), len(bars)), dtype=np.int64)
    for i, dimension in enumerate(active.dimensions):
        of_bin = np.zeros(len(dimension.bins) + 1, dtype=np.int64)  # the last entry is for bars without a bin
        for side, names in ((1, active.long[i]), (-1, active.short[i])):
            of_bin[[dimension.bins.index(name) for name in names]] = side
        votes[i] = of_bin[dimension.codes(bars).fill_null(len(dimension.bins)).to_numpy()]
    net: Ints = np.asarray(votes.sum(axis=0))
    if signal.combine == "and":
        position: Ints = np.where(np.abs(net) == len(votes), np.sign(net), 0)
    elif signal.combine == "or":
        position = np.asarray((votes > 0).any(axis=0), dtype=np.int64) - np.asarray(
            (votes < 0).any(axis=0), dtype=np.int64
        )
    else:
        position = np.where(np.abs(net) >= signal.sum_threshold, np.sign(net), 0)
    return pl.Series("position", position, dtype=pl.Int8)
