"""Calendar ids: identity, suggestions for unknown ones, and columns a calendar refuses."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime

import polars as pl
import pytest

from quant_core.calendars import calendar_of
from quant_core.errors import ConfigError, DataContractError, UnknownNameError
from quant_core.timeframes import Timeframe

INSTANT = pl.Datetime("us", "UTC")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


def column(*instants: datetime) -> pl.Series:
    return pl.Series("ts", list(instants), dtype=INSTANT)


def test_calendars_compare_hash_and_travel_by_id() -> None:
    calendar = calendar_of("XNYS(04:00-20:00)")
    assert pickle.loads(pickle.dumps(calendar)) is calendar
    assert {calendar, calendar_of("XNYS(4:00-20:00)")} == {calendar}
    assert calendar != calendar_of("XNYS")
    assert repr(calendar) == "Calendar('XNYS(04:00-20:00)')"


@pytest.mark.parametrize("name", ["XNYZ", "always-open", "fx_24_7", "", "XNYZ(04:00-20:00)"])
def test_unknown_ids_name_the_closest(name: str) -> None:
    with pytest.raises(UnknownNameError, match="No calendar is called"):
        calendar_of(name)


@pytest.mark.parametrize("name", ["XNYS(10:00-12:00)", "XNYS(04:61-20:00)", "XNYS(04:00-25:00)"])
def test_impossible_hours_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="calendar"):
        calendar_of(name)


def test_columns_that_cannot_be_placed_are_refused() -> None:
    fx = calendar_of("fx_24_5")
    with pytest.raises(DataContractError, match="nulls"):
        fx.session_date(pl.Series([None], dtype=INSTANT))
    with pytest.raises(DataContractError, match="UTC"):
        fx.session_date(pl.Series([datetime(2024, 1, 1)]))  # noqa: DTZ001  the missing zone is the point
    with pytest.raises(DataContractError, match="1800"):
        fx.session_date(column(utc(1700, 1, 1)))
    with pytest.raises(DataContractError, match="2099"):
        fx.day_bounds(pl.Series([date(2101, 1, 1)]))
    with pytest.raises(DataContractError, match="time zone"):
        fx.expected_opens(Timeframe.H1, datetime(2024, 1, 1), utc(2024, 1, 2))  # noqa: DTZ001
