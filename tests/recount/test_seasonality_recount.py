"""Every row and column of ``seasonality_profiles`` of a small lake, by a second program from bars and research file."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recount.comparison import differences, perturbed
from tests.recount.seasonality_by_hand import seasonality_profiles
from tests.recount.small_lake import Counted, research

KEY = ("symbol", "timeframe", "fold", "split", "dimension", "bin", "metric")

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def both(lake: list[Counted]) -> list[tuple[Rows, Rows]]:
    """The stored and the recounted table of every key."""
    found = research()
    return [(x.seasonality_profiles, seasonality_profiles(x.bars, found, x.key.symbol, x.key.timeframe)) for x in lake]


def test_every_row_and_column_is_counted_again(both: list[tuple[Rows, Rows]]) -> None:
    for stored, recounted in both:
        assert differences(stored, recounted, KEY) == []


def test_no_column_says_the_same_everywhere(both: list[tuple[Rows, Rows]]) -> None:
    rows = [row for stored, _ in both for row in stored]
    # The stage profiles all bars only: the rows of folds are the engine's, for those who ask it.
    assert {name for name in rows[0] if len({row[name] for row in rows}) < 2} == {"fold", "split"}
    seen = {name: {row[name] for row in rows} for name in ("verdict", "reading", "unit", "stable", "replicated")}
    assert seen["verdict"] == {None, "significant", "not_significant", "underpowered", "insufficient"}
    assert seen["reading"] == {"own", "next"}
    assert seen["unit"] == {"fraction", "count", "bars"}
    assert {None, True} <= seen["stable"]
    assert {None, True} <= seen["replicated"]
    # Both sides of a flag are one hypothesis.
    assert any(row["bin"] == "1" and row["hypothesis"].endswith("| 0") for row in rows)


def test_what_cannot_be_known_is_null(both: list[tuple[Rows, Rows]]) -> None:
    """Of one cluster, of values that are all equal, and of a hypothesis without a test."""
    rows = [row for stored, _ in both for row in stored]
    alone = [r for r in rows if r["n_clusters"] == 1 and r["metric"] == "own_ret_mean"]
    equal = [r for r in rows if r["metric"] == "run_len_up_mean" and r["n"] > 1 and r["value"] == 1]
    untested = [r for r in rows if r["p_value"] is None]
    assert all([alone, equal, untested])
    assert {r["ci_low"] for r in equal} == {None}
    assert {r["mde"] for r in untested} == {None}
    in_one_year = [r for r in alone if r["timeframe"] == "H1" and r["dimension"] == "quarter(zone=session)"]
    assert {r["se_lift"] for r in in_one_year} == {None}


def test_a_change_of_any_column_in_any_row_is_found(both: list[tuple[Rows, Rows]]) -> None:
    stored, recounted = both[1]
    for i, column in enumerate(stored[0]):
        at = (97 * i) % len(stored)
        changed = [*stored[:at], perturbed(stored[at], column), *stored[at + 1 :]]
        found = differences(changed, recounted, KEY)
        if column in KEY:
            assert len(found) in {2, 3}  # a row that is missing and one that is too many, or two of one key
            assert all("only" in line or "keys" in line for line in found)
        else:
            assert [line.split(": ")[0] for line in found] == [f"{tuple(stored[at][k] for k in KEY)} {column}"]


def test_a_column_that_nobody_counts_again_is_found(both: list[tuple[Rows, Rows]]) -> None:
    stored, recounted = both[1]
    found = differences([row | {"new": None} for row in stored], recounted, KEY)
    assert len(found) == len(stored)
    assert all(line.endswith("new: only stored") for line in found)
