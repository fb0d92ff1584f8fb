"""Calendar effects that the literature and the market know, found in real data: sign, rank and verdict, not digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.calendars import calendar_of
from quant_core.seasonality import (
    SeasonalityProfileSpec,
    compute_seasonality,
    compute_stability,
    profile_bars,
)
from quant_core.timeframes import Timeframe

UTC_US = pl.Datetime("us", "UTC")


def only(*dimensions: Any, metrics: tuple[str, ...], **more: Any) -> SeasonalityProfileSpec:
    """A spec of these dimensions alone."""
    return SeasonalityProfileSpec(by_hour=False, by_dow=False, dimensions=dimensions, metrics=metrics, **more)


@pytest.fixture(scope="module")
def gspc(shared_data: Path) -> Bars:
    """S&P 500 and its predecessor, daily from 1927; the file has exchange dates, the calendar the hours."""
    rows = pl.read_csv(shared_data / "equity" / "yahoo_GSPC_d1_1927.csv.gz", try_parse_dates=True)
    rows = rows.rename({c: c.lower() for c in rows.columns})
    calendar = calendar_of("XNYS")
    sessions = calendar.sessions(rows["date"].min(), rows["date"].max())
    hours = sessions.select("session_date", ts="open", ts_close="close")
    joined = rows.join(hours, left_on="date", right_on="session_date", how="left")
    assert joined["ts"].null_count() == 0
    frame = joined.select(
        pl.col("ts", "ts_close").cast(UTC_US), "open", "high", "low", "close", volume=None, session_date="date"
    )
    return Bars(frame.with_columns(pl.col("volume").cast(pl.Float64)), "GSPC", Timeframe.D1, calendar)


@pytest.fixture(scope="module")
def eurusd(shared_data: Path) -> Bars:
    """EURUSD minutes of 2018 and 2019, by the measured clock: New York in 2018, UTC-5/-4 on European dates in 2019."""
    rows = pl.read_parquet(shared_data / "m1_parquet" / "histdata_fx3_M1_2018_2019.parquet")
    rows = rows.filter(pl.col("symbol").cast(pl.String) == "EURUSD").drop("symbol")
    stamp = pl.col("ts").cast(pl.Datetime("us"))
    new_york = stamp.dt.replace_time_zone("America/New_York", ambiguous="earliest").dt.convert_time_zone("UTC")
    winter = stamp.dt.replace_time_zone("UTC").dt.offset_by("5h")
    summer = (winter >= pl.datetime(2019, 3, 31, 1, time_zone="UTC")) & (
        winter < pl.datetime(2019, 10, 27, 1, time_zone="UTC")
    )
    european = pl.when(summer).then(winter.dt.offset_by("-1h")).otherwise(winter)
    y2018, y2019 = (rows.filter(pl.col("ts").dt.year() == year) for year in (2018, 2019))
    both = pl.concat([y2018.with_columns(ts=new_york), y2019.with_columns(ts=european)])
    frame = both.unique("ts", keep="first").sort("ts").with_columns(pl.col("volume").cast(pl.Float64))
    calendar = calendar_of("fx_24_5")
    frame = frame.with_columns(
        ts_close=pl.col("ts").dt.offset_by("1m"), session_date=calendar.session_date(frame["ts"])
    )
    columns = ["ts", "ts_close", "open", "high", "low", "close", "volume", "session_date"]
    return Bars(frame.select(columns), "EURUSD", Timeframe.M1, calendar)


@pytest.fixture(scope="module")
def ether(shared_data: Path) -> Bars:
    """ETHUSDT hours from 2022, UTC, seven days a week."""
    rows = pl.read_csv(shared_data / "crypto" / "binance_perp_ETHUSDT_h1.csv.gz").sort("timestamp")
    ts = pl.from_epoch("timestamp", time_unit="ms").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    frame = rows.select(ts.alias("ts"), "open", "high", "low", "close", "volume")
    frame = frame.with_columns(ts_close=pl.col("ts").dt.offset_by("1h"), session_date=pl.col("ts").dt.date())
    columns = ["ts", "ts_close", "open", "high", "low", "close", "volume", "session_date"]
    return Bars(frame.select(columns), "ETHUSDT", Timeframe.H1, calendar_of("always_open"))


def years(bars: Bars, first: int, last: int) -> Bars:
    return bars.with_frame(bars.frame.filter(pl.col("session_date").dt.year().is_between(first, last)))


def row(profile: pl.DataFrame, dimension: str, bin_: str, metric: str = "own_ret_mean") -> dict[str, Any]:
    found = profile.filter(
        pl.col("dimension").str.starts_with(dimension) & (pl.col("bin") == bin_) & (pl.col("metric_name") == metric)
    )
    return found.row(0, named=True)


def test_the_turn_of_the_month_pays_and_lasts(gspc: Bars) -> None:
    profile = compute_seasonality(gspc, only("turn_of_month", metrics=("own_ret_mean", "next_p_up")))
    turn = row(profile, "turn_of_month", "turn")
    assert turn["lift"] > 0
    assert turn["ci_low"] > 0
    assert (turn["verdict"], turn["stable"]) == ("significant", True)


def test_the_turn_of_the_month_is_positive_in_most_years(gspc: Bars) -> None:
    spec = only("turn_of_month", metrics=("own_ret_mean",))
    turn = compute_stability(gspc, spec).filter(pl.col("bin") == "turn", ~pl.col("period").str.starts_with("half"))
    assert turn.height >= 98
    # With a fair coin, more than 60 of 98 years have probability 1 %.
    assert (turn["lift"] > 0).mean() > 0.62


def test_the_turn_of_the_month_fades_after_1990(gspc: Bars) -> None:
    spec = only("turn_of_month", metrics=("own_ret_mean",))
    before, after = (
        row(profile_bars(years(gspc, *span), spec), "turn_of_month", "turn") for span in ((1928, 1989), (1990, 2026))
    )
    assert (before["verdict"], after["verdict"]) == ("significant", "not_significant")
    assert before["lift"] > 2 * after["lift"] > 0


def test_monday_was_bad_and_is_not_any_more(gspc: Bars) -> None:
    spec = only("dow", metrics=("own_ret_mean",))
    before, after = (profile_bars(years(gspc, *span), spec) for span in ((1928, 1989), (1990, 2026)))
    monday = row(before, "dow", "0")
    assert monday["value"] == before["value"].min()
    assert monday["ci_high"] < 0
    assert (monday["verdict"], row(after, "dow", "0")["verdict"]) == ("significant", "not_significant")
    assert row(after, "dow", "0")["lift"] > 0.1 * monday["lift"]


def test_the_monday_effect_shows_as_the_return_that_follows_friday(gspc: Bars) -> None:
    old = years(gspc, 1928, 1989)
    profile = profile_bars(old, only("dow", metrics=("next_ret_mean",)))
    friday = row(profile, "dow", "4", "next_ret_mean")
    assert (friday["value"], friday["verdict"]) == (profile["value"].min(), "significant")


def test_euro_minutes_peak_at_the_news_and_at_the_london_fix(eurusd: Bars) -> None:
    minutes = {"name": "minutes_from_session_open", "step_minutes": 1}
    profile = profile_bars(eurusd, only(minutes, metrics=("amp_mean",)), n_threads=2)
    # The session opens at 17:00 in New York.
    clock = ((pl.col("bin").cast(pl.Int64) + 17 * 60) % 1440).alias("minute")
    ranked = profile.with_columns(clock).sort("value", descending=True)
    top = ranked["minute"].to_list()
    assert top[:2] == [8 * 60 + 30, 10 * 60]
    fix = 10 * 60 + 57  # 15:57 in London, outside the few weeks between the clock changes
    around = ranked.filter(pl.col("minute").is_between(fix - 30, fix + 30))
    assert around["minute"][0] == fix
    for minute in (top[0], top[1], fix):
        found = ranked.filter(pl.col("minute") == minute).row(0, named=True)
        assert found["verdict"] == "significant"
        assert found["ci_low"] > 1.5 * found["baseline"]


def test_the_news_peak_needs_the_new_york_clock(eurusd: Bars) -> None:
    """On the UTC clock daylight saving smears 08:30 New York over two half hours."""
    dimensions = ({"name": "half_hour", "zone": "America/New_York"}, {"name": "half_hour", "zone": "UTC"})
    profile = profile_bars(eurusd, only(*dimensions, metrics=("amp_mean",)), n_threads=2)
    new_york, utc = (
        profile.filter(pl.col("dimension").str.contains(zone)).sort("value", descending=True)
        for zone in ("York", "utc")
    )
    assert new_york["bin"][0] == "08:30"
    assert new_york["value"][0] > utc["value"][0]


def test_ether_is_calm_on_the_weekend(ether: Bars) -> None:
    profile = compute_seasonality(ether, only("dow", metrics=("amp_mean", "amp_p50")))
    for metric in ("amp_mean", "amp_p50"):
        ranked = profile.filter(pl.col("metric_name") == metric).sort("value")
        assert ranked["bin"].to_list()[:2] == ["5", "6"]
        for day in ("5", "6"):
            found = row(profile, "dow", day, metric)
            assert (found["verdict"], found["stable"], found["replicated"]) == ("significant", True, True)
            assert found["ci_high"] < found["baseline"]
