"""Every row and column of ``market_stats`` of a small lake, from its bars and research file by a second program."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recount.comparison import differences, perturbed
from tests.recount.market_stats_by_hand import market_stats
from tests.recount.small_lake import Counted, research

KEY = ("symbol", "timeframe", "fold", "split", "event", "condition", "condition_value", "target")

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def both(lake: list[Counted]) -> list[tuple[Rows, Rows]]:
    """The stored and the recounted table of every key."""
    found = research()
    return [(x.market_stats, market_stats(x.bars, found, x.key.symbol, x.key.timeframe)) for x in lake]


def test_every_row_and_column_is_counted_again(both: list[tuple[Rows, Rows]]) -> None:
    for stored, recounted in both:
        assert differences(stored, recounted, KEY) == []


def test_no_column_says_the_same_everywhere(both: list[tuple[Rows, Rows]]) -> None:
    """A column without two values would agree with any constant."""
    rows = [row for stored, _ in both for row in stored]
    assert not {name for name in rows[0] if len({row[name] for row in rows}) < 2}
    seen = {name: {row[name] for row in rows} for name in ("verdict", "cost_side", "clears_cost", "replicated")}
    assert seen["verdict"] == {None, "significant", "not_significant", "underpowered", "insufficient"}
    assert seen["cost_side"] == {None, "with", "against"}
    assert seen["clears_cost"] == seen["replicated"] == {None, True, False}
    shares = {row["tie_share"] for row in rows}
    assert any(x is not None and x > 0.05 for x in shares)
    # A hypothesis of one name holds cells of other events, states and targets.
    assert any(row["hypothesis"] and row["event"] not in row["hypothesis"] for row in rows)


def test_what_cannot_be_known_is_null(both: list[tuple[Rows, Rows]]) -> None:
    """Of a hypothesis without a test, and of trades that all pay the same, as where a price stands still for ever."""
    rows = [row for stored, _ in both for row in stored]
    untested = [r for r in rows if r["p_value"] is None]
    assert untested
    assert {r["mde"] for r in untested} == {None}
    still = [r for r in rows if r["symbol"] == "CCC" and r["target_kind"] == "numeric" and r["n_blocks"] >= 10]
    assert still
    assert {r["net_open_mean_bps"] for r in still} == {-2.0}
    assert {r[f"net_open_ci_{side}_bps"] for r in still for side in ("low", "high")} == {None}


def test_a_change_of_any_column_in_any_row_is_found(both: list[tuple[Rows, Rows]]) -> None:
    stored, recounted = both[1]
    for i, column in enumerate(stored[0]):
        at = (101 * i) % len(stored)
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


def test_a_row_that_is_missing_or_doubled_is_found(both: list[tuple[Rows, Rows]]) -> None:
    stored, recounted = both[1]
    assert [line.rsplit(": ")[-1] for line in differences(stored[1:], recounted, KEY)] == ["only recounted"]
    assert differences([*stored, stored[0]], recounted, KEY) == [f"{len(stored) + 1} rows, {len(stored)} keys"]
