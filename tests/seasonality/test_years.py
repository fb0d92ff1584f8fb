"""Bars at a year's border belong to the year of their bin, and a year without all its sessions is no full year."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.calendars import calendar_of
from quant_core.dimensions import Dimension
from quant_core.seasonality import SeasonalityProfileSpec, compute_stability
from quant_core.seasonality._cells import cells_of, clusters_of_cells
from quant_core.seasonality._spans import cycle_days
from quant_core.seasonality._years import n_whole_years, years_by_dimension
from quant_core.seasonality.entries import resolve_dimension
from quant_core.timeframes import Timeframe


def days(first: date, last: date, calendar: str = "always_open", timeframe: Timeframe = Timeframe.D1) -> Bars:
    """Gapless bars; closes that neither rise nor stay."""
    start, end = datetime.combine(first, time(), UTC), datetime.combine(last, time(23, 59), UTC)
    ts = calendar_of(calendar).expected_opens(timeframe, start, end)
    close = np.resize([100.0, 101.0, 99.5, 102.0, 100.5], len(ts))
    return Bars.of(close=close.tolist(), timeframe=timeframe, calendar=calendar, start=start)


def year_of(dimension: Dimension, day: date) -> str:
    (years, _) = years_by_dimension(days(date(2020, 1, 1), date(2026, 2, 1)), (dimension,))[0]
    found = [y.name for y in years if (y.bars.frame["session_date"] == day).any()]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("entry", "day", "year"),
    [
        ("week_of_year", date(2024, 12, 29), "2024"),  # Sunday of week 52
        ("week_of_year", date(2024, 12, 30), "2025"),  # Monday of week 1 of 2025
        ("week_of_year", date(2025, 1, 1), "2025"),
        ("week_of_year", date(2021, 1, 3), "2020"),  # Sunday of week 53 of 2020
        ("week_of_year x dow", date(2024, 12, 31), "2025"),
        ("turn_of_month", date(2024, 12, 30), "2024"),  # rest
        ("turn_of_month", date(2024, 12, 31), "2025"),  # the first day of the January turn
        ({"name": "turn_of_month", "before": 0}, date(2024, 12, 31), "2024"),
        ("hour x turn_of_month", date(2024, 12, 31), "2025"),
        ("month", date(2024, 12, 31), "2024"),
        ("trading_day_of_month", date(2024, 12, 31), "2024"),
        ("dow", date(2024, 12, 31), "2024"),
    ],
)
def test_a_bar_lies_in_the_year_of_its_bin(entry: object, day: date, year: str) -> None:
    assert year_of(resolve_dimension(entry), day) == year


def test_the_clusters_of_weeks_are_iso_years_and_those_of_turns_hold_whole_turns() -> None:
    bars = days(date(2024, 12, 28), date(2025, 1, 5))
    cells = cells_of(bars, 30)
    weeks, turns = resolve_dimension("week_of_year"), resolve_dimension("turn_of_month")
    found = [clusters_of_cells(cells, cycle_days(d, bars), d.cycle, 1).tolist() for d in (weeks, turns)]
    # 28 and 29 December are in week 52 of 2024, the others in week 1 of 2025; the turn is 31 December to 3 January.
    assert found == [[0, 0, 1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1, 1, 1]]
    assert turns.labels(bars).to_list() == ["rest"] * 3 + ["turn"] * 4 + ["rest"] * 2


def test_every_week_of_every_dimension_has_one_year() -> None:
    bars = days(date(2015, 1, 1), date(2026, 12, 31))
    weeks = resolve_dimension("week_of_year")
    table = bars.frame.select(
        week=pl.col("session_date").dt.truncate("1w"), year=weeks.cycle_day(bars).dt.year(), bin=weeks.labels(bars)
    )
    assert table.group_by("week").agg(pl.col("year").n_unique()).filter(pl.col("year") > 1).is_empty()
    # With calendar years, bars of two Januaries would share a cluster and a bin: week 1 has 5 to 7 days of a year.
    sizes = table.filter(pl.col("bin") == "1").group_by("year").len()
    assert sizes.filter(pl.col("year").is_between(2016, 2026))["len"].unique().to_list() == [7]


def test_a_clock_set_back_over_midnight_makes_no_cluster_of_its_own() -> None:
    # São Paulo, 2018-02-18 00:00 became 2018-02-17 23:00.
    bars = Bars.of(close=[1.0] * 8, start=datetime(2018, 2, 17, 23, tzinfo=UTC))
    found = cycle_days(resolve_dimension({"name": "dow", "zone": "America/Sao_Paulo"}), bars)
    assert found.is_sorted()


@pytest.mark.parametrize(
    ("first", "last", "calendar", "expected"),
    [
        # By hand: 2023 from 20 March has 287 of 365 days; 2024 is whole; 2025 until 31 January has 31.
        (date(2023, 3, 20), date(2025, 1, 31), "always_open", [(287, 365, True), (366, 366, False), (31, 365, True)]),
        # XNYS has 250 sessions in 2023 and 252 in 2024; from 2023-01-10 five of them lack, from 2023-01-12 seven.
        (date(2023, 1, 10), date(2024, 12, 31), "XNYS", [(245, 250, False), (252, 252, False)]),
        (date(2023, 1, 12), date(2024, 12, 31), "XNYS", [(243, 250, True), (252, 252, False)]),
    ],
)
def test_a_year_without_all_its_sessions_is_partial(
    first: date, last: date, calendar: str, expected: list[tuple[int, int, bool]]
) -> None:
    spec = SeasonalityProfileSpec(by_hour=False, metrics=("own_ret_mean",))
    rows = compute_stability(days(first, last, calendar), spec)
    yearly = rows.filter(~pl.col("period").str.starts_with("half")).select(
        "period", "n_sessions", "n_sessions_scheduled", "is_partial"
    )
    assert yearly.unique().sort("period").drop("period").rows() == expected
    halves = rows.filter(pl.col("period").str.starts_with("half"))
    assert halves["is_partial"].null_count() == halves["n_sessions_scheduled"].null_count() == halves.height


def test_a_year_with_a_hole_inside_is_partial_too() -> None:
    bars = days(date(2022, 1, 1), date(2023, 12, 31))
    holey = bars.with_frame(bars.frame.filter(~pl.col("session_date").is_between(date(2022, 5, 1), date(2022, 5, 9))))
    month = resolve_dimension("month")
    assert [n_whole_years(b, (month,)) for b in (bars, holey)] == [{month: 2}, {month: 1}]


@pytest.mark.parametrize("timeframe", [Timeframe.W1, Timeframe.D1, Timeframe.H4])
@pytest.mark.parametrize("calendar", ["always_open", "XNYS", "fx_24_5"])
@pytest.mark.parametrize("entry", ["month", "week_of_year", "turn_of_month", "dow", {"name": "month", "zone": "utc"}])
def test_gapless_bars_of_two_years_have_no_partial_year_inside(
    timeframe: Timeframe, calendar: str, entry: object
) -> None:
    bars = days(date(2021, 9, 1), date(2024, 4, 1), calendar, timeframe)
    ((years, _),) = years_by_dimension(bars, (resolve_dimension(entry),))
    assert [(y.name, y.is_partial) for y in years] == [("2021", True), ("2022", False), ("2023", False), ("2024", True)]
    for year in years[1:3]:
        assert year.n_scheduled is not None
        assert abs(year.n_sessions - year.n_scheduled) <= 1
