"""The smallest lift that a bin of a seasonal profile could have shown at its family's first step.

Put here: from rows of a profile to their ``mde``.
Keep out: the estimator (estimators/minimum_detectable_effect.py), families and verdicts (profile.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from quant_core.counting.block_moments import Floats, ratio
from quant_core.estimators.minimum_detectable_effect import MinimumDetectableEffect, RateCells


def detectable_lifts(rows: pl.DataFrame, first_step: Floats) -> Floats:
    """The mde of every row, in the unit of its lift: value − baseline, the baseline without the bin.

    Args:
        rows: with n, value, baseline, se_lift, inflation and degrees; one row per bin of dimension and metric.
        first_step: level of a single discovery in the row's family; nan for none.

    Missing: nan without a test, where a rate's bin could not even be found at a certain outcome, and for standard
    deviations and quantiles, whose test compares other numbers than their lift.
    """
    n, value, outside, error, inflation, degrees = (
        rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        for name in ("n", "value", "baseline", "se_lift", "inflation", "degrees")
    )
    every = rows.select(pl.col("n").sum().over("dimension", "metric")).to_series().to_numpy()
    share = np.nan_to_num(ratio(n, every))
    rate = ~np.isnan(inflation) & ~np.isnan(error)
    everywhere = share * np.nan_to_num(value) + (1 - share) * np.nan_to_num(outside)
    cells = RateCells(n, share, everywhere, np.where(rate, inflation, 0.0), degrees)
    estimator, level = MinimumDetectableEffect(), np.where(np.isnan(first_step), 0.05, first_step)
    # Rate − all bars is the lift times (1 − share).
    of_rates = estimator.of_rates(cells, level) / np.where(share < 1, 1 - share, 1.0)
    of_means = estimator.of_numbers(error**2, degrees, level)
    return np.where(np.isnan(first_step), np.nan, np.where(rate, of_rates, of_means))
