"""Local clocks become UTC exactly, in every kind of zone, through skipped and repeated hours."""

# ruff: noqa: DTZ001  the labels are local times without a zone on purpose
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.ingestion import Dialect
from quant_core.ingestion.clocks import Instants, to_utc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _us(moment: datetime) -> int:
    return (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def _convert(labels: list[datetime], **declared: Any) -> Instants:
    values = np.array([_us(label) for label in labels], dtype=np.int64)
    return to_utc(values, np.zeros(len(labels), dtype=np.int64), Dialect.parse(declared, "test"))


def _hours(found: Instants) -> list[str]:
    return [(EPOCH + timedelta(microseconds=int(u))).strftime("%d %H:%M") for u in found.utc_us]


ZONES = ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo"]


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(ZONES), st.lists(st.datetimes(datetime(1995, 1, 1), datetime(2030, 1, 1)), min_size=1, max_size=5)
)
def test_zones_agree_with_the_standard_library(zone: str, moments: list[datetime]) -> None:
    """The oracle goes the other way: UTC → local; a local time that is unique must come back."""
    moments = [m.replace(microsecond=0, fold=0) for m in moments]
    local = [m.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for m in moments]
    found = _convert([m.replace(tzinfo=None, fold=0) for m in local], zone=zone, ambiguous="quarantine")
    for i, moment in enumerate(moments):
        unique = local[i].replace(fold=0).utcoffset() == local[i].replace(fold=1).utcoffset()
        assert not found.nonexistent[i]
        assert found.ambiguous[i] != unique
        if unique:
            assert found.utc_us[i] == _us(moment)


def test_shifted_zone_is_an_offset_with_the_summer_time_of_another_zone() -> None:
    labels = [
        datetime(2019, 3, 30, 12),
        datetime(2019, 4, 1, 12),
        datetime(2019, 10, 26, 12),
        datetime(2019, 10, 28, 12),
    ]
    assert _hours(_convert(labels, zone={"base": "-05:00", "dst_of": "Europe/London"})) == [
        "30 17:00",
        "01 16:00",
        "26 16:00",
        "28 17:00",
    ]


def test_dated_rules_change_the_clock_at_a_label() -> None:
    rules = [{"until": "2014-11-22", "zone": "Europe/Paris"}, {"zone": "Europe/Helsinki"}]
    labels = [datetime(2014, 11, 21, 23), datetime(2014, 11, 24, 0)]
    assert _hours(_convert(labels, zone=rules)) == ["21 22:00", "23 22:00"]


def test_skipped_hour_is_marked() -> None:
    found = _convert([datetime(2024, 3, 10, h, 30) for h in (1, 2, 3)], zone="America/New_York")
    assert found.nonexistent.tolist() == [False, True, False]
    assert _hours(found)[2] == "10 07:30"


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("step", [30, 60])
def test_hour_written_twice_is_resolved_by_row_order(descending: bool, step: int) -> None:
    utc = [datetime(2024, 11, 3, 4, tzinfo=UTC) + timedelta(minutes=step * i) for i in range(6)]
    labels = [u.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None) for u in utc]
    if descending:
        utc, labels = utc[::-1], labels[::-1]
    found = _convert(labels, zone="America/New_York")
    assert not found.ambiguous.any()
    assert found.n_resolved_by_order == 120 // step
    assert found.utc_us.tolist() == [_us(u) for u in utc]


def test_repeated_hour_written_once_cannot_be_resolved() -> None:
    labels = [datetime(2024, 11, 3, h) for h in (0, 1, 2)]
    assert _convert(labels, zone="America/New_York").ambiguous.tolist() == [False, True, False]
    earliest = _convert(labels, zone="America/New_York", ambiguous="earliest")
    latest = _convert(labels, zone="America/New_York", ambiguous="latest")
    assert (_hours(earliest)[1], _hours(latest)[1]) == ("03 05:00", "03 06:00")


def test_repeated_rows_inside_the_repeated_hour_are_not_guessed() -> None:
    labels = [datetime(2024, 11, 3, 1), datetime(2024, 11, 3, 1), datetime(2024, 11, 3, 1)]
    assert _convert(labels, zone="America/New_York").ambiguous.all()
