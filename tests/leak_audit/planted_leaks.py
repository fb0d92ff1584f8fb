"""A corpus of computations that look ahead on purpose, each the way real research code does.

Put here: planted leaks, one function each, and the data they run on.
Keep out: the audit itself and clean computations.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from quant_core.leak_audit.audit import Inputs

TRAIN_END = datetime(2024, 1, 8, tzinfo=UTC)


def bars(n: int = 400, seed: int = 7, symbol: str = "A") -> pl.DataFrame:
    """Hourly random-walk bars of one symbol, in time order."""
    generator = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(generator.normal(0, 0.01, n)))
    start = datetime(2024, 1, 1, tzinfo=UTC)
    ts = pl.Series("ts", [start + timedelta(hours=i) for i in range(n)], dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame(
        {
            "symbol": [symbol] * n,
            "ts": ts,
            "ts_close": ts.dt.offset_by("1h"),
            "open": np.concatenate([[100.0], close[:-1]]),
            "close": close,
            "volume": generator.integers(1, 1000, n).astype(float),
            "quote": np.where(generator.random(n) < 0.3, np.nan, close),
        }
    ).with_columns(pl.col("quote").fill_nan(None))


def panel() -> pl.DataFrame:
    """Two symbols below each other."""
    return pl.concat([bars(200, 1, "A"), bars(200, 2, "B")])


def revisions() -> pl.DataFrame:
    """Bars of which some are restated three days later under the same ``ts``."""
    first = bars()
    later = first.gather_every(9).with_columns(pl.col("close") * 1.01, pl.col("ts_close").dt.offset_by("3d"))
    return pl.concat([first, later]).sort("ts_close")


def _decisions(frame: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    return frame.select("symbol", "ts", "ts_close", value.alias("value"))


def shift_back(inputs: Inputs) -> pl.DataFrame:
    return _decisions(inputs["bars"], pl.col("close").shift(-1) / pl.col("close") - 1)


def centered_window(inputs: Inputs) -> pl.DataFrame:
    return _decisions(inputs["bars"], pl.col("close").rolling_mean(5, center=True))


def full_sample_z_score(inputs: Inputs) -> pl.DataFrame:
    return _decisions(inputs["bars"], (pl.col("close") - pl.col("close").mean()) / pl.col("close").std())


def full_sample_quantile_bin(inputs: Inputs) -> pl.DataFrame:
    return _decisions(inputs["bars"], pl.col("volume") > pl.col("volume").quantile(0.9))


def _four_hours(frame: pl.DataFrame, label: str) -> pl.DataFrame:
    """Four-hour closes; the label says which end of the bin stamps them."""
    grouped = frame.group_by_dynamic("ts", every="4h").agg(pl.col("close").last().alias("value"))
    return grouped.with_columns(pl.col("ts").dt.offset_by("4h")) if label == "right" else grouped


def unfinished_higher_bar(inputs: Inputs) -> pl.DataFrame:
    """The four-hour bar is joined on its open, so its close is seen up to three hours early."""
    decisions = inputs["bars"].select("symbol", "ts", "ts_close")
    return decisions.join_asof(_four_hours(inputs["bars"], "left"), on="ts")


def resample_label_one_bin_early(inputs: Inputs) -> pl.DataFrame:
    """The right-edge label is joined on the close of a bar that lies one bar inside the bin."""
    higher = _four_hours(inputs["bars"], "right").with_columns(pl.col("ts").dt.offset_by("-1h").alias("ts_close"))
    return inputs["bars"].select("symbol", "ts", "ts_close").join_asof(higher.drop("ts"), on="ts_close")


def bins_learned_on_test(inputs: Inputs) -> pl.DataFrame:
    """The cut is learned on everything instead of on the bars before TRAIN_END."""
    labels = _decisions(inputs["bars"], pl.col("volume") > pl.col("volume").quantile(0.66))
    return labels.filter(pl.col("ts_close") > TRAIN_END)


def target_in_a_feature(inputs: Inputs) -> pl.DataFrame:
    """The mean outcome of the same hour of day, today's outcome included."""
    outcome = pl.col("close").shift(-1) > pl.col("close")
    return _decisions(inputs["bars"], outcome.mean().over(pl.col("ts").dt.hour()))


def backward_fill(inputs: Inputs) -> pl.DataFrame:
    return _decisions(inputs["bars"], pl.col("quote").backward_fill())


def one_bar_leak(inputs: Inputs) -> pl.DataFrame:
    """Busy bars, every second one, are filled at the next bar's close."""
    is_busy = pl.col("volume") > 500
    return _decisions(inputs["bars"], pl.when(is_busy).then(pl.col("close").shift(-1)).otherwise(pl.col("close")))


def rare_one_bar_leak(inputs: Inputs) -> pl.DataFrame:
    """Only the bars with a record volume see their successor: a handful in the whole history."""
    is_peak = pl.col("volume") == pl.col("volume").cum_max()
    return _decisions(inputs["bars"], pl.when(is_peak).then(pl.col("close").shift(-1)).otherwise(pl.col("close")))


def sort_order_leak(inputs: Inputs) -> pl.DataFrame:
    """The rolling window runs over rows ordered by volume, not by time."""
    ordered = inputs["bars"].sort("volume")
    return _decisions(ordered, pl.col("close").rolling_mean(3))


def cross_symbol_window(inputs: Inputs) -> pl.DataFrame:
    """The second symbol's first bars average the first symbol's last ones."""
    return _decisions(inputs["panel"], pl.col("close").rolling_mean(10))


def revised_bar(inputs: Inputs) -> pl.DataFrame:
    """The latest revision of a bar is used at the bar's own time."""
    first_known = (
        inputs["revisions"]
        .group_by("symbol", "ts")
        .agg(pl.col("ts_close").min(), pl.col("close").sort_by("ts_close").last().alias("value"))
    )
    return first_known.sort("ts")


def interpolated_gap(inputs: Inputs) -> pl.DataFrame:
    return _decisions(inputs["bars"], pl.col("quote").interpolate())


def survivor_rows(inputs: Inputs) -> pl.DataFrame:
    """Bars followed by a large move are dropped as outliers."""
    calm = (pl.col("close").shift(-1) / pl.col("close") - 1).abs().fill_null(0) < 0.015
    return _decisions(inputs["bars"].filter(calm), pl.col("close"))


def back_adjusted_price(inputs: Inputs) -> pl.DataFrame:
    """Prices are rescaled so that the last one equals 1."""
    return _decisions(inputs["bars"], pl.col("close") / pl.col("close").last())


PLANTED = {
    f.__name__: f
    for f in (
        shift_back,
        centered_window,
        full_sample_z_score,
        full_sample_quantile_bin,
        unfinished_higher_bar,
        resample_label_one_bin_early,
        bins_learned_on_test,
        target_in_a_feature,
        backward_fill,
        one_bar_leak,
        rare_one_bar_leak,
        sort_order_leak,
        cross_symbol_window,
        revised_bar,
        interpolated_gap,
        survivor_rows,
        back_adjusted_price,
    )
}
