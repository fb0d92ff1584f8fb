"""What the web UI calls unsynced is what is out of date, and nothing else, for every partitioning.

Asked in the UI's own terms: the resolver behind ``staleStatus`` of its GraphQL schema, on real event logs.
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg
import pytest
from dagster._core.definitions.data_version import StaleStatus

from quant_pipelines.stages.run_events import EventWriter
from tests.events.conftest import POSTGRES
from tests.events.small_graph import made, register, run, status

# An in-memory instance has one space of ids, as PostgreSQL has; SQLite files have one per run besides the index.
pytestmark = pytest.mark.parametrize("instance", ["sqlite_files", POSTGRES], indirect=True)

FRESH, STALE, MISSING = StaleStatus.FRESH, StaleStatus.STALE, StaleStatus.MISSING


def _chain(writer: EventWriter, keys: Sequence[str], version: str, *, written: bool = True) -> None:
    for key in keys:
        writer.add(made("raw_bars", key, f"r{version}", written=written))
        writer.add(made("bars", key, f"b{version}", written=written, raw_bars=f"r{version}"))
        writer.add(made("market_stats", key, f"m{version}", written=written, bars=f"b{version}"))


def _statuses(instance: dg.DagsterInstance, key: str) -> tuple[StaleStatus, ...]:
    return tuple(status(instance, asset, key) for asset in ("raw_bars", "bars", "market_stats"))


def test_a_partition_is_unsynced_from_a_change_of_its_input_until_it_is_made_again(
    instance: dg.DagsterInstance,
) -> None:
    keys = register(instance, ["A", "B"])
    run(instance, lambda w: _chain(w, keys[:3], "1"), keys)
    assert [_statuses(instance, key) for key in keys] == [(FRESH,) * 3] * 3 + [(MISSING,) * 3]
    run(instance, lambda w: _chain(w, keys[:3], "1", written=False), keys)
    assert _statuses(instance, keys[0]) == (FRESH,) * 3
    run(instance, lambda w: w.add(made("raw_bars", keys[0], "r2")), keys[:1])
    assert status(instance, "bars", keys[0]) == STALE
    assert _statuses(instance, keys[1]) == (FRESH,) * 3
    run(instance, lambda w: _chain(w, keys[:1], "2"), keys[:1])
    assert _statuses(instance, keys[0]) == (FRESH,) * 3


def test_an_input_said_again_with_the_same_version_leaves_everything_in_sync(instance: dg.DagsterInstance) -> None:
    keys = register(instance, ["A"])
    run(instance, lambda w: _chain(w, keys, "1"), keys)
    run(instance, lambda w: w.add(made("raw_bars", keys[0], "r1")), keys[:1])
    assert _statuses(instance, keys[0]) == (FRESH,) * 3


def test_a_new_code_version_makes_its_asset_unsynced(instance: dg.DagsterInstance) -> None:
    keys = register(instance, ["A"])
    run(instance, lambda w: _chain(w, keys, "1"), keys)
    assert status(instance, "bars", keys[0], {"bars": "code2"}) == STALE
    assert status(instance, "bars", keys[0], {"market_stats": "code2"}) == FRESH


def test_an_input_that_another_run_wrote_after_it_was_read_shows(instance: dg.DagsterInstance) -> None:
    keys = register(instance, ["A"])
    run(instance, lambda w: _chain(w, keys, "1"), keys)
    run(instance, lambda w: w.add(made("raw_bars", keys[0], "r2")), keys[:1])
    run(instance, lambda w: w.add(made("bars", keys[0], "b1", raw_bars="r1")), keys[:1])
    assert status(instance, "bars", keys[0]) == STALE


def test_reports_by_symbol_are_in_sync_until_one_of_their_timeframes_changes(instance: dg.DagsterInstance) -> None:
    """Most keys of a symbol are never made: an instrument of daily bars has no M1. That is no reason to be unsynced."""
    keys = register(instance, ["A", "B"])

    def report(symbol: str) -> None:
        run(instance, lambda w: w.add(made("report", symbol, f"report of {symbol}")), [symbol], "report")

    run(instance, lambda w: _chain(w, keys, "1"), keys)
    report("A")
    assert status(instance, "report", "A") == FRESH  # the mart was never made
    run(instance, lambda w: w.add(made("mart__coverage", None, "c1")), job="mart")
    assert status(instance, "report", "A") == STALE
    report("A")
    report("B")
    assert (status(instance, "report", "A"), status(instance, "report", "B")) == (FRESH, FRESH)
    run(instance, lambda w: _chain(w, keys, "1", written=False), keys)
    assert (status(instance, "report", "A"), status(instance, "report", "B")) == (FRESH, FRESH)
    run(instance, lambda w: _chain(w, ["A|W1"], "2"), ["A|W1"])
    assert (status(instance, "report", "A"), status(instance, "report", "B")) == (STALE, FRESH)
    report("A")
    assert status(instance, "report", "A") == FRESH
