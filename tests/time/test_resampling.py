"""Resampling against a plain-Python reference, hand-made weeks and the promise that completed bars stay."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.bars import Bars
from quant_core.bars.resample import Resampled, resample
from quant_core.calendars import Calendar, calendar_of
from quant_core.errors import ConfigError, DataContractError
from quant_core.tables.bars import TABLE
from quant_core.timeframes import Timeframe

MICROSECOND = timedelta(microseconds=1)
INSTANT = pl.Datetime("us", "UTC")
# Monday of: both clock changes of New York, both of Europe, early closes, a year's end.
WEEKS = [(2024, 3, 8), (2024, 11, 1), (2024, 3, 28), (2024, 10, 25), (2024, 11, 27), (2024, 12, 30), (2024, 7, 2)]
WITHOUT_BREAK = ("always_open", "fx_24_5", "XNYS", "XNYS(04:00-20:00)", "XLON")
IDS = (*WITHOUT_BREAK, "XTKS")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


def bars_at(ts: pl.Series, timeframe: Timeframe, calendar: Calendar, seed: int = 0) -> Bars:
    """Bars with random prices on a coarse grid and whole volumes, some of them unknown."""
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.integers(100, 200, size=(4, len(ts))).astype(float), axis=0)
    frame = pl.DataFrame(
        {
            "ts": ts,
            "ts_close": calendar.bar_close(ts, timeframe),
            "open": corners[1],
            "high": corners[3],
            "low": corners[0],
            "close": corners[2],
            "volume": pl.Series(rng.integers(0, 9, len(ts)).astype(float)).set(
                pl.Series(rng.random(len(ts)) < 0.1), None
            ),
            "session_date": calendar.session_date(ts),
        },
        schema_overrides={"volume": pl.Float64},
    )
    return Bars(frame, "TEST", timeframe, calendar)


@st.composite
def minute_bars(draw: st.DrawFn, gaps: bool = True, ids: tuple[str, ...] = IDS) -> Bars:
    """A few thousand minutes around a difficult date; with gaps also minutes outside sessions."""
    calendar = calendar_of(draw(st.sampled_from(ids)))
    start = utc(*draw(st.sampled_from(WEEKS))) + timedelta(minutes=draw(st.integers(0, 2000)))
    n = draw(st.integers(1, 4000))
    seed = draw(st.integers(0, 2**32 - 1))
    ts = calendar.expected_opens(Timeframe.M1, start, start + timedelta(days=9)).head(n)
    if gaps:
        rng = np.random.default_rng(seed)
        everything = pl.datetime_range(start, start + timedelta(minutes=n), "1m", eager=True, time_zone="UTC").cast(
            INSTANT
        )
        off_session = everything.filter(pl.Series(rng.random(len(everything)) < 0.05))
        kept = ts.filter(pl.Series(rng.random(len(ts)) < draw(st.sampled_from([0.02, 0.5, 0.98]))))
        ts = pl.concat([kept.rename("ts"), off_session.rename("ts")]).unique().sort()
    return bars_at(ts.rename("ts"), Timeframe.M1, calendar, seed)


def reference_bin(calendar: Calendar, instant: datetime, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
    """Bounds of the bin of an instant inside a session, worked out session by session; None outside sessions."""
    day = instant.date()
    near = calendar.sessions(day - timedelta(days=9), day + timedelta(days=9)).rows()
    mine = [row for row in near if row[1] <= instant < row[2]]
    if not mine:
        return None
    session, opens, closes = mine[0]
    if timeframe is Timeframe.W1:
        week = [row for row in near if row[0].isocalendar()[:2] == session.isocalendar()[:2]]
        return week[0][1], week[-1][2]
    if timeframe is Timeframe.D1:
        return opens, closes
    start = opens
    while start + timeframe.duration <= instant:
        start += timeframe.duration
    return start, min(start + timeframe.duration, closes)


def source_rows(bars: Bars, made: Resampled, timeframe: Timeframe) -> dict[datetime, list[dict[str, object]]]:
    """Source rows of each kept bin, in order."""
    bins = bars.calendar.bins(bars.frame["ts_close"] - MICROSECOND, timeframe)["ts"].to_list()
    groups: dict[datetime, list[dict[str, object]]] = {}
    for start, row in zip(bins, bars.frame.to_dicts(), strict=True):
        groups.setdefault(start, []).append(row)
    return groups


@settings(max_examples=40, deadline=None)
@given(minute_bars(), st.sampled_from([Timeframe.M5, Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1]))
def test_each_bar_is_first_highest_lowest_last_and_sum(bars: Bars, timeframe: Timeframe) -> None:
    made = resample(bars, timeframe)
    TABLE.validate(made.bars.frame)
    groups = source_rows(bars, made, timeframe)
    for row in made.bars.frame.to_dicts():
        mine = groups[row["ts"]]
        volumes = [r["volume"] for r in mine if r["volume"] is not None]
        assert row["open"] == mine[0]["open"]
        assert row["high"] == max(r["high"] for r in mine)
        assert row["low"] == min(r["low"] for r in mine)
        assert row["close"] == mine[-1]["close"]
        assert row["volume"] == (sum(volumes) if volumes else None)
        assert all(r["ts_close"] <= row["ts_close"] for r in mine)
    assert len(groups) == len(made.bars) + made.n_dropped_unfinished
    assert made.n_dropped_unfinished in (0, 1)


@settings(max_examples=40, deadline=None)
@given(minute_bars(), st.sampled_from([Timeframe.M5, Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1]))
def test_bins_match_a_plain_walk_over_sessions(bars: Bars, timeframe: Timeframe) -> None:
    sample = bars.frame["ts"].gather_every(max(len(bars) // 25, 1))
    bins = bars.calendar.bins(sample, timeframe).rows()
    for instant, bounds in zip(sample.to_list(), bins, strict=True):
        expected = reference_bin(bars.calendar, instant, timeframe)
        assert expected is None or bounds == expected


@settings(max_examples=40, deadline=None)
@given(minute_bars(), st.sampled_from([Timeframe.M15, Timeframe.H1, Timeframe.D1, Timeframe.W1]))
def test_no_volume_is_lost_but_the_dropped_bars(bars: Bars, timeframe: Timeframe) -> None:
    made = resample(bars, timeframe)
    # The dropped bar's rows need not be the last ones: minutes of an off day's night belong to the next session, those
    # of its hours to the off day, so the unfinished Monday may hold rows from before a finished Saturday.
    bins = bars.calendar.bins(bars.frame["ts_close"] - timedelta(microseconds=1), timeframe)
    binned = bars.frame.with_columns(bins["ts_close"].alias("bin_close"))
    kept = binned.filter(pl.col("bin_close") <= pl.col("ts_close").max())
    assert len(bars) - len(kept) == made.n_source_dropped
    assert made.bars.frame["volume"].sum() == kept["volume"].sum()
    if made.n_dropped_unfinished == 0:
        assert made.n_source_dropped == 0


@settings(max_examples=40, deadline=None)
@given(minute_bars(gaps=False, ids=WITHOUT_BREAK), st.sampled_from([Timeframe.M5, Timeframe.M15, Timeframe.M30]))
def test_two_steps_equal_one_on_gapless_bars(bars: Bars, between: Timeframe) -> None:
    direct = resample(bars, Timeframe.H1)
    two_steps = resample(resample(bars, between).bars, Timeframe.H1)
    assert two_steps.bars.frame.equals(direct.bars.frame)


@settings(max_examples=40, deadline=None)
@given(minute_bars(), st.sampled_from([Timeframe.H1, Timeframe.D1, Timeframe.W1]))
def test_two_steps_with_gaps_know_at_most_one_bar_less(bars: Bars, last: Timeframe) -> None:
    direct = resample(bars, last).bars.frame
    two_steps = resample(resample(bars, Timeframe.M5).bars, last).bars.frame
    assert direct.height - 1 <= two_steps.height <= direct.height
    assert two_steps.equals(direct.head(two_steps.height))


@settings(max_examples=60, deadline=None)
@given(minute_bars(), st.sampled_from([Timeframe.M5, Timeframe.H4, Timeframe.D1, Timeframe.W1]), st.floats(0, 1))
def test_never_looks_ahead(bars: Bars, timeframe: Timeframe, share: float) -> None:
    full = resample(bars, timeframe).bars.frame
    early = resample(bars.head(int(share * len(bars))), timeframe).bars.frame
    assert early.equals(full.head(early.height))


@settings(max_examples=40, deadline=None)
@given(minute_bars(gaps=False), st.sampled_from([Timeframe.M5, Timeframe.H1, Timeframe.D1]), st.data())
def test_a_missing_minute_makes_its_bar_partial(bars: Bars, timeframe: Timeframe, data: st.DataObject) -> None:
    whole = resample(bars, timeframe)
    assert whole.n_partial <= 1  # only the first bar, where the feed starts inside it
    if len(whole.bars) < 2:
        return
    second_on = bars.frame.with_row_index().filter(
        (pl.col("ts_close") > whole.bars.frame["ts_close"][0])
        & (pl.col("ts_close") <= whole.bars.frame["ts_close"][-1])
    )
    gone = data.draw(st.sampled_from(second_on["index"].to_list()))
    holed = bars.with_frame(bars.frame.with_row_index().filter(pl.col("index") != gone).drop("index"))
    made = resample(holed, timeframe)
    lost_bars = len(whole.bars) - len(made.bars)
    assert made.n_partial + lost_bars >= whole.n_partial + 1


def opens_and_closes(calendar: str, start: datetime, end: datetime, timeframe: Timeframe) -> list[tuple[str, str]]:
    days = calendar_of(calendar)
    ts = days.expected_opens(Timeframe.M30, start, end)
    made = resample(bars_at(ts, Timeframe.M30, days), timeframe)
    assert made.n_partial == 0
    assert made.n_off_session == 0
    return [
        (a.strftime("%d %H:%M"), b.strftime("%d %H:%M")) for a, b in made.bars.frame.select("ts", "ts_close").rows()
    ]


def test_h4_of_an_early_close_day_in_new_york() -> None:
    made = opens_and_closes("XNYS", utc(2024, 11, 27), utc(2024, 11, 30), Timeframe.H4)
    assert made == [("27 14:30", "27 18:30"), ("27 18:30", "27 21:00"), ("29 14:30", "29 18:00")]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # New York forward, 10 March: Friday ends 22:00 UTC, Monday starts 21:00 UTC.
        ((2024, 3, 7, 22), (2024, 3, 11, 21), [("07 22:00", "08 22:00"), ("10 21:00", "11 21:00")]),
        # New York back, 3 November.
        ((2024, 10, 31, 21), (2024, 11, 4, 22), [("31 21:00", "01 21:00"), ("03 22:00", "04 22:00")]),
        # Europe forward, 31 March, and back, 27 October: nothing moves.
        ((2024, 3, 28, 21), (2024, 4, 1, 21), [("28 21:00", "29 21:00"), ("31 21:00", "01 21:00")]),
        ((2024, 10, 24, 21), (2024, 10, 28, 21), [("24 21:00", "25 21:00"), ("27 21:00", "28 21:00")]),
    ],
)
def test_fx_days_across_clock_changes(
    start: tuple[int, ...], end: tuple[int, ...], expected: list[tuple[str, str]]
) -> None:
    assert opens_and_closes("fx_24_5", utc(*start), utc(*end) - MICROSECOND, Timeframe.D1) == expected


def test_fx_h4_bars_stay_on_the_new_york_close_across_the_clock_change() -> None:
    made = opens_and_closes("fx_24_5", utc(2024, 3, 8, 14), utc(2024, 3, 11, 0, 30), Timeframe.H4)
    assert made == [("08 14:00", "08 18:00"), ("08 18:00", "08 22:00"), ("10 21:00", "11 01:00")]


def test_new_york_days_across_the_clock_change() -> None:
    made = opens_and_closes("XNYS", utc(2024, 3, 8), utc(2024, 3, 12), Timeframe.D1)
    assert made == [("08 14:30", "08 21:00"), ("11 13:30", "11 20:00")]


def test_the_trading_week_runs_across_the_year_end() -> None:
    xnys = calendar_of("XNYS")
    ts = xnys.expected_opens(Timeframe.D1, utc(2024, 12, 23), utc(2025, 1, 11))
    daily = bars_at(ts, Timeframe.D1, xnys)
    made = resample(daily, Timeframe.W1)
    assert made.bars.frame.select("ts", "ts_close").rows() == [
        (utc(2024, 12, 23, 14, 30), utc(2024, 12, 27, 21)),
        (utc(2024, 12, 30, 14, 30), utc(2025, 1, 3, 21)),  # four sessions: New Year is closed
        (utc(2025, 1, 6, 14, 30), utc(2025, 1, 10, 21)),  # four sessions: day of mourning on the 9th
    ]
    assert made.bars.frame["session_date"].to_list() == [date(2024, 12, 23), date(2024, 12, 30), date(2025, 1, 6)]
    assert made.n_partial == 0
    without_friday = daily.with_frame(daily.frame.filter(pl.col("session_date") != date(2025, 1, 3)))
    assert resample(without_friday, Timeframe.W1).n_partial == 1


def test_a_source_bar_across_a_bin_edge_moves_to_the_later_bin() -> None:
    xnys = calendar_of("XNYS")  # hourly bars on the UTC clock, sessions from 14:30 to 21:00
    ts = pl.Series("ts", [utc(2024, 1, 3, hour) for hour in range(14, 21)], dtype=INSTANT)
    made = resample(bars_at(ts, Timeframe.H1, xnys), Timeframe.H4)
    assert made.bars.frame.select("ts", "ts_close").rows() == [
        (utc(2024, 1, 3, 14, 30), utc(2024, 1, 3, 18, 30)),
        (utc(2024, 1, 3, 18, 30), utc(2024, 1, 3, 21)),
    ]
    assert made.bars.frame["open"][1] == bars_at(ts, Timeframe.H1, xnys).frame["open"][4]  # the bar 18:00-19:00
    assert made.n_off_session == 0


def test_bars_outside_sessions_are_kept_and_counted() -> None:
    xnys = calendar_of("XNYS")
    inside = xnys.expected_opens(Timeframe.M30, utc(2024, 1, 3), utc(2024, 1, 5))
    night = pl.Series("ts", [utc(2024, 1, 3, 23)], dtype=INSTANT)
    bars = bars_at(pl.concat([inside, night]).sort(), Timeframe.M30, xnys)
    made = resample(bars, Timeframe.D1)
    assert made.n_off_session == 1
    assert made.n_partial == 0
    assert made.bars.frame["open"][1] == bars.frame.filter(pl.col("ts") == night[0])["open"][0]
    assert made.bars.frame["ts"][1] == utc(2024, 1, 4, 14, 30)


def test_unknown_volume_stays_unknown() -> None:
    bars = Bars.of(close=range(4), timeframe=Timeframe.M15)
    silent = bars.with_frame(bars.frame.with_columns(volume=pl.lit(None, dtype=pl.Float64)))
    assert resample(silent, Timeframe.H1).bars.frame["volume"].to_list() == [None]
    half = bars.with_frame(bars.frame.with_columns(volume=pl.Series([None, 2.0, None, 3.0])))
    assert resample(half, Timeframe.H1).bars.frame["volume"].to_list() == [5.0]


def test_no_bars_make_no_bars() -> None:
    made = resample(Bars.of(close=[]), Timeframe.D1)
    assert len(made.bars) == made.n_partial == made.n_dropped_unfinished == 0
    TABLE.validate(made.bars.frame)


@pytest.mark.parametrize("timeframe", [Timeframe.H1, Timeframe.M5])
def test_a_timeframe_that_is_not_coarser_is_refused(timeframe: Timeframe) -> None:
    with pytest.raises(ConfigError, match=f"coarser than H1, found '{timeframe.value}'"):
        resample(Bars.of(close=[1.0]), timeframe)


def test_disorder_is_refused() -> None:
    bars = Bars.of(close=[1.0, 2.0])
    with pytest.raises(DataContractError, match="ascending"):
        resample(bars.with_frame(bars.frame.reverse()), Timeframe.H4)
