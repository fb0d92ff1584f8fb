"""Every row and column of both tables of results of a small lake, by a second program from bars and research file."""

from __future__ import annotations

import pytest

from tests.recount.comparison import Recounted, differences, perturbed


@pytest.fixture(params=["market_stats", "seasonality_profiles"])
def recounted(request: pytest.FixtureRequest) -> Recounted:
    """One table after the other."""
    found: Recounted = request.getfixturevalue(request.param)
    return found


def test_every_row_and_column_is_counted_again(recounted: Recounted) -> None:
    for stored, again in recounted.tables:
        assert differences(stored, again, recounted.key) == []


def test_a_change_of_any_column_in_any_row_is_found(recounted: Recounted) -> None:
    stored, again = recounted.tables[1]
    for i, column in enumerate(stored[0]):
        at = (101 * i) % len(stored)
        changed = [*stored[:at], perturbed(stored[at], column), *stored[at + 1 :]]
        found = differences(changed, again, recounted.key)
        if column in recounted.key:
            assert len(found) in {2, 3}  # a row that is missing and one that is too many, or two of one key
            assert all("only" in line or "keys" in line for line in found)
        else:
            place = tuple(stored[at][k] for k in recounted.key)
            assert [line.split(": ")[0] for line in found] == [f"{place} {column}"]


def test_a_column_that_nobody_counts_again_is_found(recounted: Recounted) -> None:
    stored, again = recounted.tables[1]
    found = differences([row | {"new": None} for row in stored], again, recounted.key)
    assert len(found) == len(stored)
    assert all(line.endswith("new: only stored") for line in found)


def test_a_row_that_is_missing_or_doubled_is_found(recounted: Recounted) -> None:
    stored, again = recounted.tables[1]
    assert [line.rsplit(": ")[-1] for line in differences(stored[1:], again, recounted.key)] == ["only recounted"]
    doubled = differences([*stored, stored[0]], again, recounted.key)
    assert doubled == [f"{len(stored) + 1} rows, {len(stored)} keys"]
