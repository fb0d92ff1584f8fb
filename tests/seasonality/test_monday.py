"""The Monday effect shows on the bin's own bar, under its own name: on a planted series, and on the S&P 500."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.calendars import calendar_of
from quant_core.seasonality import SeasonalityProfileSpec, profile_bars
from quant_core.seasonality.reading import headline_metric
from quant_core.timeframes import Timeframe

SPEC = SeasonalityProfileSpec(by_hour=False, metrics=("own_ret_mean", "next_ret_mean"))
BASIS_POINT = 1e-4


def daily(rows: pl.DataFrame, symbol: str) -> Bars:
    """Daily bars of New York from columns date, open, high, low, close."""
    calendar = calendar_of("XNYS")
    hours = calendar.sessions(rows["date"].min(), rows["date"].max()).select(
        "session_date", ts="open", ts_close="close"
    )
    joined = rows.join(hours, left_on="date", right_on="session_date", how="left")
    assert joined["ts"].null_count() == 0
    stamps = pl.col("ts", "ts_close").cast(pl.Datetime("us", "UTC"))
    frame = joined.select(stamps, "open", "high", "low", "close", volume=pl.lit(None, pl.Float64), session_date="date")
    return Bars(frame, symbol, Timeframe.D1, calendar)


def planted(monday_bps: float, *, noise: float) -> Bars:
    """Sessions of 1928 to 1990 with +4 bp a day and another mean on Mondays; moves of a session are its own bar's."""
    days = calendar_of("XNYS").sessions(date(1928, 1, 1), date(1990, 12, 31))["session_date"]
    is_monday = (days.dt.weekday() == 1).to_numpy()
    mean = np.where(is_monday, monday_bps, 4.0) * BASIS_POINT
    shocks = noise * np.random.default_rng(12).standard_normal(len(days))
    # Shocks of each weekday sum to 0: the planted means are the sample's own.
    for weekday in range(1, 7):
        mine = (days.dt.weekday() == weekday).to_numpy()
        if mine.any():
            shocks[mine] -= shocks[mine].mean()
    close = 100 * np.cumprod(1 + mean + shocks)
    return daily(pl.DataFrame({"date": days, **dict.fromkeys(("open", "high", "low", "close"), close)}), "PLANTED")


def weekday(profile: pl.DataFrame, bin_: str, metric: str) -> dict[str, Any]:
    return profile.filter(bin=bin_, metric_name=metric).row(0, named=True)


def test_without_noise_the_own_bar_says_exactly_what_was_planted_and_the_next_bar_does_not() -> None:
    profile = profile_bars(planted(-12.0, noise=0.0), SPEC)
    assert weekday(profile, "0", "own_ret_mean")["value"] == pytest.approx(-12 * BASIS_POINT, rel=1e-9)
    # The bar after a Monday is a Tuesday's, the bar after a Friday or a Saturday a Monday's.
    assert weekday(profile, "0", "next_ret_mean")["value"] == pytest.approx(4 * BASIS_POINT, rel=1e-9)
    assert weekday(profile, "4", "next_ret_mean")["value"] < 0
    assert profile.select("metric_name", "reading").unique().sort("metric_name").rows() == [
        ("next_ret_mean", "next"),
        ("own_ret_mean", "own"),
    ]
    assert headline_metric(profile) == "own_ret_mean"


def test_amid_noise_of_a_market_the_planted_monday_is_found_on_the_own_bar_alone() -> None:
    profile = profile_bars(planted(-12.0, noise=0.011), SPEC)
    own, after = (weekday(profile, "0", metric) for metric in ("own_ret_mean", "next_ret_mean"))
    assert own["value"] == pytest.approx(-12 * BASIS_POINT, abs=0.05 * BASIS_POINT)
    assert (own["verdict"], own["ci_high"] < 0) == ("significant", True)
    # Most days after a Monday are Tuesdays; those after a holiday are other days, whose shocks need not sum to 0.
    assert after["value"] == pytest.approx(4 * BASIS_POINT, abs=1 * BASIS_POINT)


def test_the_monday_of_the_s_and_p_500_from_1928_to_1990_lost_twelve_basis_points(shared_data: Path) -> None:
    rows = pl.read_csv(shared_data / "equity" / "yahoo_GSPC_d1_1927.csv.gz", try_parse_dates=True)
    rows = rows.rename({c: c.lower() for c in rows.columns})
    # The last session of 1927 is the close before the first bar of 1928.
    profile = profile_bars(daily(rows.filter(pl.col("date").dt.year().is_between(1928, 1990)), "GSPC"), SPEC)
    own, after = (weekday(profile, "0", metric) for metric in ("own_ret_mean", "next_ret_mean"))
    assert own["value"] == pytest.approx(-12 * BASIS_POINT, abs=1 * BASIS_POINT)
    assert own["verdict"] == "significant"
    assert own["value"] == profile.filter(metric_name="own_ret_mean")["value"].min()
    # What earlier versions gave under the name ret_mean, and called Monday.
    assert after["value"] == pytest.approx(3.9 * BASIS_POINT, abs=0.5 * BASIS_POINT)
