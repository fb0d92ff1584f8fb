"""Bins whose cuts are learned on training bars and then frozen.

Put here: learning cuts and labeling by them, for vol_tertile and quantile_bin.
Keep out: what is cut (the conditions).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from quant_core.errors import ConfigError


def quantile_cuts(values: pl.Series, n_bins: int) -> tuple[float, ...]:
    """The n_bins − 1 inner quantiles of the known values (linear interpolation); empty when too few are known.

    Look-ahead: learns from every value given; pass training values only. Missing: nulls are left out; fewer than
    ``n_bins`` known values give no cuts.

    >>> quantile_cuts(pl.Series([1.0, 2.0, 3.0, None]), 2), quantile_cuts(pl.Series([1.0, None]), 2)
    ((2.0,), ())
    """
    known = values.drop_nulls().to_numpy()
    if known.size < n_bins:
        return ()
    return tuple(float(c) for c in np.quantile(known, np.arange(1, n_bins) / n_bins))


def binned(values: pl.Series, cuts: Sequence[float] | None, labels: Sequence[str], block: str) -> pl.Series:
    """The label of each value: bin k holds cut_k < x ≤ cut_{k+1}; where cuts coincide, the bins between stay empty.

    Args:
        values: numeric; null gives null.
        cuts: ascending; None when not learned, empty when the training bars held too few values (all null then).
        labels: one more than cuts, lowest bin first.
        block: id, for the name of the result and the error.

    Raises:
        ConfigError: the cuts were never learned.

    >>> binned(pl.Series([1.0, 2.0, 3.0, None]), (1.0, 2.0), ["low", "mid", "high"], "demo").to_list()
    ['low', 'mid', 'high', None]
    >>> binned(pl.Series([1.0, 2.0]), (1.0, 1.0), ["low", "mid", "high"], "demo").to_list()
    ['low', 'high']
    >>> binned(pl.Series([1.0]), None, ["low", "high"], "demo")
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Condition demo has no bins yet: expected fit(train) before labels. Call fit first.
    """
    if cuts is None:
        raise ConfigError(f"Condition {block} has no bins yet: expected fit(train) before labels. Call fit first.")
    if not cuts:
        return pl.Series(block, [None] * len(values), dtype=pl.String)
    place = np.searchsorted(np.asarray(cuts), values.fill_null(0.0).to_numpy(), side="left")
    named = pl.Series(block, labels, dtype=pl.String).gather(pl.Series(place.astype(np.uint32)))
    return pl.DataFrame({"known": values.is_not_null(), block: named}).select(
        pl.when(pl.col("known")).then(pl.col(block)).alias(block)
    )[block]
