"""Clocks at the second at which they change, and the order of rows that tells the two passes of a repeated hour."""

# ruff: noqa: DTZ001  the labels are local times without a zone on purpose
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from quant_core.ingestion import Dialect
from quant_core.ingestion.clocks import Instants, to_utc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEW_YORK = "America/New_York"
FALL = datetime(2024, 11, 3)
"""New York's clock goes from 02:00 back to 01:00: 01:00 is 05:00 and 06:00 UTC."""


def convert(labels: list[datetime], groups: list[int] | None = None, **declared: Any) -> Instants:
    values = [(label.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) for label in labels]
    owners = np.array(groups or [0] * len(labels), dtype=np.int64)
    return to_utc(np.array(values, dtype=np.int64), owners, Dialect.parse({"zone": NEW_YORK, **declared}, "test"))


def fall(*clocks: str) -> list[datetime]:
    return [datetime.fromisoformat(f"2024-11-03 {clock}") for clock in clocks]


def utc(found: Instants) -> list[str]:
    """UTC times; what is not resolved says so."""
    texts = [(EPOCH + timedelta(microseconds=int(u))).strftime("%H:%M:%S") for u in found.utc_us]
    marked = zip(texts, found.nonexistent, found.ambiguous, strict=True)
    return ["skipped" if skipped else "twice" if twice else text for text, skipped, twice in marked]


@pytest.mark.parametrize(
    ("zone", "day", "clocks", "expected"),
    [
        (NEW_YORK, "2024-03-10", ("01:59:59", "02:00:00", "02:59:59", "03:00:00"),
         ["06:59:59", "skipped", "skipped", "07:00:00"]),
        ("Europe/London", "2024-03-31", ("00:59:59", "01:00:00", "01:59:59", "02:00:00"),
         ["00:59:59", "skipped", "skipped", "01:00:00"]),
        # Half an hour of summer time, at 02:00 of UTC+10:30.
        ("Australia/Lord_Howe", "2024-10-06", ("01:59:59", "02:00:00", "02:29:59", "02:30:00"),
         ["15:29:59", "skipped", "skipped", "15:30:00"]),
        # The clock of 1883 changed at a time that is no whole minute: local mean time is 4:56:02 behind.
        (NEW_YORK, "1883-11-18", ("11:59:59", "12:03:58"), ["16:56:01", "17:03:58"]),
    ],
)  # fmt: skip
def test_skipped_times_begin_and_end_at_their_second(
    zone: str, day: str, clocks: tuple[str, ...], expected: list[str]
) -> None:
    assert utc(convert([datetime.fromisoformat(f"{day} {c}") for c in clocks], zone=zone)) == expected


def test_repeated_times_begin_and_end_at_their_second() -> None:
    labels = fall("00:59:59", "01:00:00", "01:59:59", "02:00:00")
    found = convert(labels, ambiguous="quarantine")
    assert utc(found) == ["04:59:59", "twice", "twice", "07:00:00"]
    assert found.n_resolved_by_order == 0
    assert utc(convert(labels, ambiguous="earliest")) == ["04:59:59", "05:00:00", "05:59:59", "07:00:00"]
    assert utc(convert(labels, ambiguous="latest")) == ["04:59:59", "06:00:00", "06:59:59", "07:00:00"]


def test_every_change_of_a_long_history_is_found() -> None:
    labels = [datetime(2023, 3, 12, 3), datetime(2023, 11, 5, 0, 59, 59), datetime(2023, 11, 5, 2),
              datetime(2024, 3, 10, 1, 59, 59), datetime(2024, 3, 10, 3), datetime(2024, 11, 3, 0, 59, 59)]  # fmt: skip
    assert utc(convert(labels)) == ["07:00:00", "04:59:59", "07:00:00", "06:59:59", "07:00:00", "04:59:59"]


def test_hours_before_1970_are_repeated_too() -> None:
    labels = [datetime(1960, 10, 30, h) for h in (0, 1, 1, 2)]
    found = convert(labels)
    assert utc(found) == ["04:00:00", "05:00:00", "06:00:00", "07:00:00"]
    assert found.n_resolved_by_order == 2


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        # One step back begins the second pass, wherever in the hour it begins and ends.
        (("01:00", "01:30", "01:15"), ["05:00:00", "05:30:00", "06:15:00"]),
        # As many steps up as down: the file is taken as ascending.
        (("01:00", "01:30", "01:00"), ["05:00:00", "05:30:00", "06:00:00"]),
        # Two equal labels are the two passes, but three rows with a pair may be one row twice.
        (("01:00", "01:00"), ["05:00:00", "06:00:00"]),
        (("01:00", "01:00", "01:30"), ["twice"] * 3),
        (("01:30", "01:00", "01:30", "01:00"), ["06:30:00", "06:00:00", "05:30:00", "05:00:00"]),
        (("01:00", "01:30", "01:00", "01:30", "01:00"), ["twice"] * 5),
        # Rows that stand twice outside the hour say nothing about the direction.
        ((*["00:00"] * 6, "01:00", "01:00", "02:00"), [*["04:00:00"] * 6, "05:00:00", "06:00:00", "07:00:00"]),
        (("02:00", "01:00", "01:00", *["00:00"] * 6), ["07:00:00", "06:00:00", "05:00:00", *["04:00:00"] * 6]),
    ],
)
def test_the_order_of_rows_tells_the_passes(clocks: tuple[str, ...], expected: list[str]) -> None:
    found = convert(fall(*clocks))
    assert utc(found) == expected
    n_repeated = sum(c.startswith("01:") for c in clocks)
    assert found.n_resolved_by_order == (0 if "twice" in expected else n_repeated)


@pytest.mark.parametrize("is_descending", [False, True])
def test_labels_a_microsecond_apart_have_an_order(is_descending: bool) -> None:
    labels = [FALL + timedelta(hours=1, microseconds=i) for i in (0, 1, 2, 0, 1, 2)]
    found = convert(labels[::-1] if is_descending else labels)
    assert utc(found) == sorted(["05:00:00"] * 3 + ["06:00:00"] * 3, reverse=is_descending)


def test_every_symbol_and_day_has_its_own_order() -> None:
    ascending, descending = fall("00:00", "01:00", "01:00", "02:00"), fall("02:00", "01:00", "01:00", "00:00")
    found = convert([*ascending, *descending, *fall("01:00")], [5] * 4 + [2] * 4 + [3])
    assert utc(found) == ["04:00:00", "05:00:00", "06:00:00", "07:00:00",
                          "07:00:00", "06:00:00", "05:00:00", "04:00:00", "twice"]  # fmt: skip
    assert found.n_resolved_by_order == 4
    two_years = [datetime(2023, 11, 5, 1), datetime(2023, 11, 5, 1), *fall("01:00", "01:00")]
    assert utc(convert(two_years)) == ["05:00:00", "06:00:00"] * 2


def test_rules_resolve_by_order_and_count_what_they_resolved() -> None:
    rules = [{"until": "2024-06-01", "zone": "Europe/Paris"}, {"zone": NEW_YORK}]
    found = convert([datetime(2023, 10, 29, 2), datetime(2023, 10, 29, 2), *fall("01:00", "01:30", "01:00", "01:30")],
                    zone=rules)  # fmt: skip
    assert utc(found) == ["00:00:00", "01:00:00", "05:00:00", "05:30:00", "06:00:00", "06:30:00"]
    assert found.n_resolved_by_order == 6
    assert utc(convert(fall("01:00", "01:00"), zone=rules, ambiguous="latest")) == ["06:00:00", "06:00:00"]


def test_the_label_at_the_end_of_a_rule_is_of_the_next_alone() -> None:
    rules = [{"until": "2024-11-03 01:00", "zone": NEW_YORK}, {"zone": "-05:00"}]
    found = convert(fall("00:00", "01:00", "01:00"), zone=rules)
    assert utc(found) == ["04:00:00", "06:00:00", "06:00:00"]
    assert found.n_resolved_by_order == 0


@pytest.mark.parametrize("zone", ["UTC", "-05:00", NEW_YORK, {"base": "+00:00", "dst_of": "Europe/London"}])
def test_nothing_is_resolved_where_there_is_nothing(zone: Any) -> None:
    found = convert([], zone=zone)
    assert (found.utc_us.tolist(), found.n_resolved_by_order) == ([], 0)
    assert convert([datetime(2024, 7, 1)], zone=zone).n_resolved_by_order == 0


def test_a_base_of_no_offset_is_greenwich() -> None:
    zone = {"base": "+00:00", "dst_of": "Europe/London"}
    assert utc(convert([datetime(2024, 1, 2, 12), datetime(2024, 7, 2, 12)], zone=zone)) == ["12:00:00", "11:00:00"]
