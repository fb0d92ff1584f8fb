"""Features that no library has equal a slow reading of their definition, bar by bar."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from quant_core.bars import Bars
from quant_core.calendars import calendar_of
from quant_core.dimensions.city_session import CitySession
from quant_core.dimensions.dow import Dow
from quant_core.dimensions.hour import Hour
from quant_core.features import Feature
from quant_core.features.calendar_value import CalendarValue
from quant_core.features.gap import Gap
from quant_core.features.htf_ema_slope import HtfEmaSlope
from quant_core.features.log_return import LogReturn
from quant_core.features.minutes_from_session_open import MinutesFromSessionOpen
from quant_core.features.realized_vol import RealizedVol
from quant_core.features.session_vwap import SessionVwap
from quant_core.features.trading_day_of_month import TradingDayOfMonth
from quant_core.features.volume_z import VolumeZ
from quant_core.timeframes import Timeframe
from tests.contract.random_bars import daily_bars, intraday_bars

Rows = list[dict[str, Any]]
NEW_YORK = ZoneInfo("America/New_York")


def log_return(rows: Rows, t: int) -> float | None:
    return math.log(rows[t]["close"] / rows[t - 3]["close"]) if t >= 3 else None


def realized_vol(rows: Rows, t: int) -> float | None:
    if t < 10:
        return None
    closes = [rows[i]["close"] for i in range(t - 10, t + 1)]
    return statistics.stdev(math.log(b / a) for a, b in pairwise(closes))


def session_vwap(rows: Rows, t: int) -> float | None:
    session = [r for r in rows[: t + 1] if r["session_date"] == rows[t]["session_date"] and r["volume"]]
    volume = sum(r["volume"] for r in session)
    return sum((r["high"] + r["low"] + r["close"]) / 3 * r["volume"] for r in session) / volume if volume else None


def gap_across_sessions(rows: Rows, t: int) -> float | None:
    first = next(i for i, r in enumerate(rows) if r["session_date"] == rows[t]["session_date"])
    return rows[first]["open"] / rows[first - 1]["close"] - 1 if first else None


def gap_across_bars(rows: Rows, t: int) -> float | None:
    return rows[t]["open"] / rows[t - 1]["close"] - 1 if t else None


def volume_z(rows: Rows, t: int) -> float | None:
    window = [r["volume"] for r in rows[max(t - 5, 0) : t]]
    if len(window) < 5 or None in window or rows[t]["volume"] is None or len(set(window)) == 1:
        return None
    return (rows[t]["volume"] - statistics.mean(window)) / statistics.stdev(window)


def hour_in_new_york(rows: Rows, t: int) -> int:
    return rows[t]["ts"].astimezone(NEW_YORK).hour


def weekday_in_new_york(rows: Rows, t: int) -> int:
    return rows[t]["ts"].astimezone(NEW_YORK).weekday()


def local_session(rows: Rows, t: int) -> str:
    def is_open(zone: str, first: int, last: int) -> bool:
        return first <= rows[t]["ts"].astimezone(ZoneInfo(zone)).hour < last

    london, new_york = is_open("Europe/London", 8, 17), is_open("America/New_York", 8, 17)
    if london or new_york:
        return "london_new_york" if london and new_york else "london" if london else "new_york"
    return "asia" if is_open("Asia/Tokyo", 9, 18) else "off"


CASES: list[tuple[Feature, Callable[[Rows, int], float | str | None]]] = [
    (LogReturn(window_bars=3), log_return),
    (RealizedVol(window_bars=10), realized_vol),
    (SessionVwap(), session_vwap),
    (Gap(), gap_across_sessions),
    (Gap(across="bars"), gap_across_bars),
    (VolumeZ(window_bars=5), volume_z),
    (CalendarValue(dimension=Hour(zone="America/New_York")), hour_in_new_york),
    (CalendarValue(dimension=Dow(zone="America/New_York")), weekday_in_new_york),
    (CalendarValue(dimension=CitySession()), local_session),
]


@pytest.mark.parametrize(("feature", "reference"), CASES, ids=lambda v: str(v) if isinstance(v, Feature) else "")
def test_feature_equals_its_definition(feature: Feature, reference: Callable[[Rows, int], float | str | None]) -> None:
    bars = intraday_bars(seed=4)
    rows = bars.frame.to_dicts()
    got = feature.compute(bars).to_list()
    # Every 3rd bar of the weeks around both clock changes is enough, and keeps the slow reading affordable.
    for t in [*range(40), *range(40, len(rows), 3)]:
        expected = reference(rows, t)
        assert got[t] == (pytest.approx(expected, rel=1e-9, abs=1e-9) if isinstance(expected, float) else expected), t


def test_annualized_volatility_uses_the_calendar() -> None:
    """An exchange has about 252 days a year, a market that never closes 365.25."""
    daily = daily_bars()
    ratio = RealizedVol(annualized=True).compute(daily)[-1] / RealizedVol().compute(daily)[-1]
    assert 250 < ratio**2 < 253.5
    always = Bars.of(close=[1.0, 2.0, 1.0, 3.0], timeframe=Timeframe.D1)
    pair = [RealizedVol(window_bars=3, annualized=a).compute(always)[-1] for a in (True, False)]
    assert (pair[0] / pair[1]) ** 2 == pytest.approx(365.25)


def test_trading_days_are_counted_by_the_exchange() -> None:
    """November 2022 in New York: Thanksgiving, the 24th, is closed, so the 25th is the 18th of 21 sessions."""
    bars = daily_bars()
    place = bars.frame.select("session_date").with_columns(
        a=TradingDayOfMonth().compute(bars), b=TradingDayOfMonth(count_from="end").compute(bars)
    )
    by_date = {d: (a, b) for d, a, b in place.rows()}
    assert by_date[date(2022, 11, 1)] == (1, -21)
    assert by_date[date(2022, 11, 23)] == (17, -5)
    assert by_date[date(2022, 11, 25)] == (18, -4)
    assert by_date[date(2022, 11, 30)] == (21, -1)


def test_minutes_from_the_session_open_follow_the_clock_change() -> None:
    """New York opens at 14:30 UTC in winter and at 13:30 UTC in summer; before the open, minutes are negative."""
    new_york = calendar_of("XNYS")
    winter = replace(Bars.of(close=[1, 1], start=datetime(2024, 3, 8, 14, tzinfo=UTC)), calendar=new_york)
    summer = replace(Bars.of(close=[1, 1], start=datetime(2024, 3, 11, 14, tzinfo=UTC)), calendar=new_york)
    assert MinutesFromSessionOpen().compute(winter).to_list() == [-30, 30]
    assert MinutesFromSessionOpen().compute(summer).to_list() == [30, 90]


def test_higher_timeframe_slope_uses_completed_hours_only() -> None:
    """Half hours → hours by hand: an hour's close counts from the first half hour that closes at or after its end."""
    bars = intraday_bars(seed=4)
    got = HtfEmaSlope(timeframe="H1", window_bars=3).compute(bars).to_list()
    rows = bars.frame.to_dicts()
    hours: dict[datetime, float] = {}
    for row in rows:
        hours[row["ts"].replace(minute=0)] = row["close"]
    average, known = [], list(hours.values())
    for i, close in enumerate(known):
        average.append(sum(known[:3]) / 3 if i == 2 else (close + average[-1]) / 2 if i > 2 else 0.0)
    slope = {h: average[i] - average[i - 1] for i, h in enumerate(hours) if i >= 3}
    for t, row in enumerate(rows):
        done = [h for h in hours if h.timestamp() + 3600 <= row["ts_close"].timestamp() and h <= row["ts"]]
        expected = slope.get(done[-1]) if done else None
        assert got[t] == (None if expected is None else pytest.approx(expected, abs=1e-9)), row["ts"]


def test_calendar_of_the_random_market_has_the_sessions_the_tests_rely_on() -> None:
    assert calendar_of("fx_24_5").zone == "America/New_York"
    assert intraday_bars().frame["session_date"].n_unique() > 35
