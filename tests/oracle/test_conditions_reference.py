"""Conditions equal a slow reading of their definition; learned cuts equal quantiles computed by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.conditions.calendar_bin import CalendarBin
from quant_core.conditions.htf_trend import HtfTrend
from quant_core.conditions.joint import Joint
from quant_core.conditions.quantile_bin import QuantileBin
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.dimensions import Dimension
from quant_core.dimensions.city_session import CitySession
from quant_core.dimensions.dow import Dow
from quant_core.dimensions.hour import Hour
from quant_core.dimensions.month import Month
from quant_core.dimensions.session import Session
from quant_core.dimensions.session_block import SessionBlock
from quant_core.dimensions.turn_of_month import TurnOfMonth
from quant_core.errors import ConfigError
from quant_core.features.calendar_value import CalendarValue
from quant_core.features.htf_ema_slope import HtfEmaSlope
from quant_core.features.sma import Sma
from quant_core.seasonality.entries import resolve_dimension
from quant_core.seasonality.settings import SeasonalityProfileSpec
from quant_core.timeframes import Timeframe
from tests.contract.random_bars import daily_bars, intraday_bars


def quantile(values: list[float], share: float) -> float:
    """Linear interpolation between order statistics (Hyndman and Fan's type 7)."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def mean_true_range(bars: Bars, window: int, *, relative: bool) -> list[float | None]:
    rows = bars.frame.to_dicts()
    ranges = [
        max(b["high"] - b["low"], abs(b["high"] - a["close"]), abs(b["low"] - a["close"])) for a, b in pairwise(rows)
    ]
    found: list[float | None] = [None] * len(rows)
    for t in range(window, len(rows)):
        mean = sum(ranges[t - window : t]) / window
        found[t] = mean / rows[t]["close"] if relative else mean
    return found


@pytest.mark.parametrize("relative", [True, False])
def test_vol_tertile_cuts_at_the_training_thirds(relative: bool) -> None:
    bars = intraday_bars(3)
    fitted = VolTertile(window_bars=10, relative=relative).fit(bars.head(700))
    values = mean_true_range(bars, 10, relative=relative)
    known = [v for v in values[:700] if v is not None]
    cuts = quantile(known, 1 / 3), quantile(known, 2 / 3)
    assert fitted.cuts == pytest.approx(cuts, rel=1e-9)
    labels = fitted.labels(bars).to_list()
    for t, (value, label) in enumerate(zip(values, labels, strict=True)):
        if value is None:
            assert label is None
        elif min(abs(value - c) for c in cuts) > 1e-9:
            assert label == ("low" if value <= cuts[0] else "mid" if value <= cuts[1] else "high"), t


def test_a_value_at_the_cut_belongs_to_the_lower_bin() -> None:
    thirds = QuantileBin(feature=Sma(window_bars=1), n_bins=3).fit(Bars.of(close=[1, 2, 3, 4]))
    assert thirds.cuts == (2, 3)
    assert thirds.labels(Bars.of(close=[2, 2.1, 3, 3.1])).to_list() == ["q1", "q2", "q2", "q3"]


def test_coinciding_cuts_leave_the_middle_empty() -> None:
    fitted = QuantileBin(feature=Sma(window_bars=1), n_bins=3).fit(Bars.of(close=[5, 5, 5, 5]))
    assert fitted.labels(Bars.of(close=[4, 5, 6])).to_list() == ["q1", "q1", "q3"]


def test_labels_cannot_be_cut_into_quantiles() -> None:
    with pytest.raises(ConfigError, match="numeric feature"):
        QuantileBin(feature=CalendarValue(dimension=CitySession())).fit(intraday_bars())
    with pytest.raises(ConfigError, match=r"quantile_bin.feature: expected a feature"):
        QuantileBin(feature="rsi")  # type: ignore[arg-type]


@pytest.mark.parametrize("timeframe", ["H1", "D1", "W1"])
def test_htf_trend_is_the_sign_of_the_slope(timeframe: str) -> None:
    bars = intraday_bars(3)
    slope = HtfEmaSlope(timeframe=timeframe, window_bars=2).compute(bars)
    labels = HtfTrend(timeframe=timeframe, window_bars=2).labels(bars)
    sign = [None if s is None or s == 0 else "up" if s > 0 else "down" for s in slope]
    assert labels.to_list() == sign
    assert labels.drop_nulls().len() > 0


def test_a_multiple_names_the_same_higher_timeframe() -> None:
    bars = intraday_bars(3)
    by_name = HtfTrend(timeframe="H4", window_bars=5).labels(bars).to_list()
    assert HtfTrend(tf_multiplier=8, window_bars=5).labels(bars).to_list() == by_name
    assert HtfTrend(window_bars=5).labels(bars).to_list() == by_name


def test_impossible_higher_timeframes_are_refused() -> None:
    bars = intraday_bars(3)
    with pytest.raises(ConfigError, match="coarser than M30"):
        HtfTrend(timeframe="M15").labels(bars)
    with pytest.raises(ConfigError, match="one of 2, 8, 48, 336 on M30 bars"):
        HtfTrend(tf_multiplier=7).labels(bars)
    with pytest.raises(ConfigError, match="tf_multiplier"):
        HtfTrend(timeframe="H4", tf_multiplier=8)
    with pytest.raises(ConfigError, match="at least 2"):
        HtfTrend(tf_multiplier=1)


def test_weekly_bars_have_no_higher_trend() -> None:
    weekly = Bars.of(close=[float(i) for i in range(60)], timeframe=Timeframe.W1)
    assert HtfTrend().labels(weekly).null_count() == 60


def test_joint_is_the_pair_of_labels_and_fits_both() -> None:
    bars = intraday_bars(3)
    joint = Joint(first=VolTertile(window_bars=5), second=QuantileBin(feature=Sma(window_bars=3), n_bins=2))
    fitted = joint.fit(bars.head(500))
    first, second = (c.fit(bars.head(500)).labels(bars) for c in (joint.first, joint.second))
    pairs = [None if a is None or b is None else f"{a}&{b}" for a, b in zip(first, second, strict=True)]
    assert fitted.labels(bars).to_list() == pairs
    assert len(set(pairs) - {None}) == 6
    assert fitted.values == ("low&q1", "low&q2", "mid&q1", "mid&q2", "high&q1", "high&q2")


def test_turn_of_month_knows_the_holidays_of_the_exchange() -> None:
    """New York was closed on Good Friday, 2 April 2021, so the turn into April ends on Tuesday, the 6th."""
    bars = daily_bars()
    label = dict(zip(bars.frame["session_date"], CalendarBin(dimension=TurnOfMonth()).labels(bars), strict=True))
    days = [
        date(2021, 3, 30),
        date(2021, 3, 31),
        date(2021, 4, 1),
        date(2021, 4, 5),
        date(2021, 4, 6),
        date(2021, 4, 7),
    ]
    assert [label[d] for d in days] == ["rest", "turn", "turn", "turn", "turn", "rest"]


def test_turn_of_month_does_not_depend_on_where_the_bars_end() -> None:
    """The 30th is not the last session because the data stop there."""
    bars = daily_bars()
    until = bars.with_frame(bars.frame.filter(pl.col("session_date") <= date(2021, 3, 30)))
    assert CalendarBin(dimension=TurnOfMonth()).labels(until)[-1] == "rest"


def sunday_evening(timeframe: Timeframe) -> Bars:
    """One foreign-exchange bar that opens on Sunday 31 March 2024, 22:00 UTC: Monday's session, in April."""
    always = Bars.of(close=[1], start=datetime(2024, 3, 31, 22, tzinfo=UTC), timeframe=timeframe)
    fx = replace(always, calendar=intraday_bars().calendar)
    return fx.with_frame(fx.frame.with_columns(fx.calendar.session_date(fx.frame["ts"]).alias("session_date")))


def test_calendar_conditions_read_the_clock_they_name() -> None:
    fx = sunday_evening(Timeframe.H1)
    label = {d: CalendarBin(dimension=d).labels(fx)[0] for d in (Dow(zone="UTC"), Month(), Month(zone="utc"))}
    assert label == {Dow(zone="utc"): "6", Month(): "4", Month(zone="UTC"): "3"}
    assert CalendarBin(dimension=Hour(zone="session")).labels(fx).to_list() == ["18"]
    with pytest.raises(ConfigError, match="IANA zone"):
        Hour(zone="Mars/Olympus")


@pytest.mark.parametrize("timeframe", [Timeframe.M1, Timeframe.M30, Timeframe.H1, Timeframe.H4, Timeframe.D1])
def test_a_sunday_evening_of_foreign_exchange_is_monday_everywhere(timeframe: Timeframe) -> None:
    """0 = Monday, by default and through every clock of a profile, as dimension, feature, condition and pair."""
    fx = sunday_evening(timeframe)
    profiles = [SeasonalityProfileSpec(zone=zone) for zone in ("utc", "session", "America/New_York", "Asia/Tokyo")]
    weekdays = [Dow(), *(d for profile in profiles for d in profile.resolved_dimensions() if isinstance(d, Dow))]
    assert len(weekdays) == 1 + len(profiles)
    for weekday in weekdays:
        assert weekday.labels(fx).to_list() == ["0"]
        assert CalendarBin(dimension=weekday).labels(fx).to_list() == ["0"]
        assert CalendarValue(dimension=weekday).compute(fx).to_list() == [0]
    pair = resolve_dimension("month x dow", "America/New_York").labels(fx).to_list()
    assert pair == ["4|0"]


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        (Session(), ["Asia"] * 7 + ["Europe"] * 5 + ["EU_US_overlap"] * 4 + ["US"] * 5 + ["Other"] * 3),
        (SessionBlock(), ["asia"] * 7 + ["london"] * 6 + ["newyork"] * 8 + ["off"] * 2 + ["asia"]),
        # 15 January, winter: Tokyo 09-18 is 00-09 UTC, London 08-17, New York 13-22.
        (CitySession(), ["asia"] * 8 + ["london"] * 5 + ["london_new_york"] * 4 + ["new_york"] * 5 + ["off"] * 2),
    ],
    ids=str,
)
def test_sessions_of_a_winter_day(dimension: Dimension, expected: list[str]) -> None:
    day = Bars.of(close=[1.0] * 24, start=datetime(2024, 1, 15, tzinfo=UTC))
    assert CalendarBin(dimension=dimension).labels(day).to_list() == expected
