"""A run says what changed or is unknown, once, in batches that end with a kill; on every kind of instance."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterEventType
from dagster._core.events.log import EventLogEntry

from quant_pipelines.resources import PACKAGED_CONFIG
from quant_pipelines.stages import run_events
from quant_pipelines.stages.event_log import BatchingSqliteEventLog
from quant_pipelines.stages.run_events import MAX_LOGGED_KEYS, EventWriter
from tests.events.conftest import KINDS
from tests.events.small_graph import CHECK, evaluated, evaluation, made, materializations, register, run

ASSETS = ("raw_bars", "bars", "market_stats")


def _say_all(writer: EventWriter, keys: Sequence[str], *, written: bool) -> None:
    for key in keys:
        for asset in ASSETS:
            writer.add(made(asset, key, written=written))


@pytest.mark.parametrize("instance", [*KINDS, "stock_sqlite_files"], indirect=True)
def test_a_run_says_what_was_written_and_a_run_without_news_says_nothing(instance: dg.DagsterInstance) -> None:
    keys = register(instance, ["A", "B"])
    first = run(instance, lambda w: _say_all(w, keys, written=True), keys)
    assert [(m.asset_key.to_user_string(), m.partition) for m in materializations(instance, first)] == [
        (asset, key) for asset in ASSETS for key in keys
    ]
    assert {a: instance.get_materialized_partitions(dg.AssetKey(a)) for a in ASSETS} == {a: set(keys) for a in ASSETS}
    second = run(instance, lambda w: _say_all(w, keys, written=False), keys)
    assert materializations(instance, second) == []


def test_what_the_instance_does_not_know_is_said_once_although_nothing_was_written(
    instance: dg.DagsterInstance,
) -> None:
    """The lake of yesterday, a fresh Dagster home."""
    keys = register(instance, ["A", "B"])
    for expected in (len(keys) * len(ASSETS), 0):
        told = run(instance, lambda w: _say_all(w, keys, written=False), keys)
        assert len(materializations(instance, told)) == expected

    def say_mart(writer: EventWriter) -> None:
        writer.add(made("mart__coverage", None, written=False))

    assert [len(materializations(instance, run(instance, say_mart, job="mart"))) for _ in range(2)] == [1, 0]


def test_rows_of_a_run_that_died_before_it_said_so_are_said_by_the_next(instance: dg.DagsterInstance) -> None:
    """The partition is known, in an older version: what lies in the lake is said although nothing was written."""
    keys = register(instance, ["A"])
    run(instance, lambda w: w.add(made("bars", "A|D1", "b1")), keys)

    def find_newer(writer: EventWriter) -> None:
        assert writer.told_version("bars", "A|D1") in {"b1", "b2"}
        assert writer.told_version("bars", "A|W1") is None
        writer.add(made("bars", "A|D1", "b2", written=False))

    assert [len(materializations(instance, run(instance, find_newer, keys))) for _ in range(2)] == [1, 0]


def test_an_event_carries_versions_dimensions_and_metadata(instance: dg.DagsterInstance) -> None:
    keys = register(instance, ["A"])

    def say(writer: EventWriter) -> None:
        writer.add(made("raw_bars", "A|D1", "r1"))
        writer.add(made("bars", "A|D1", "b1", raw_bars="r1"))

    raw, bars = materializations(instance, run(instance, say, keys))
    assert bars.metadata["n_rows"].value == 7
    pointer = bars.tags["dagster/input_event_pointer/raw_bars"]  # type: ignore[index]
    assert bars.tags == {
        "dagster/data_version": "b1",
        "dagster/code_version": "code1",
        "dagster/input_data_version/raw_bars": "r1",
        "dagster/input_event_pointer/raw_bars": pointer,
        "dagster/partition/symbol": "A",
        "dagster/partition/timeframe": "D1",
    }
    record = instance.fetch_materializations(dg.AssetKey("raw_bars"), limit=1).records[0]
    assert int(pointer) == record.storage_id
    assert record.asset_materialization == raw


def _name(entry: EventLogEntry) -> str:
    """The asset of a materialization, the kind of any other event."""
    event = entry.get_dagster_event()
    is_made = event.event_type is DagsterEventType.ASSET_MATERIALIZATION
    return event.asset_key.to_user_string() if is_made and event.asset_key else event.event_type_value


def test_batches_are_full_and_never_mix_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[list[str]] = []
    store = BatchingSqliteEventLog.store_event_batch

    def spy(self: BatchingSqliteEventLog, events: Sequence[EventLogEntry]) -> None:
        stored.append([_name(event) for event in events])
        store(self, events)

    monkeypatch.setattr(BatchingSqliteEventLog, "store_event_batch", spy)
    monkeypatch.setattr(run_events, "BATCH_SIZE", 10)
    with _home_instance(tmp_path) as instance:
        keys = register(instance, [f"S{i:02}" for i in range(30)])

        def say(writer: EventWriter) -> None:
            _say_all(writer, keys[:25], written=True)
            for key in keys:
                writer.evaluate(evaluation(key, passed=False))

        run(instance, say, keys)
    batches = [names for names in stored if "PLANNED" not in names[0]]
    assert all(len(set(names)) == 1 for names in batches)
    sizes: dict[str, list[int]] = {}
    for names in batches:
        sizes.setdefault(names[0], []).append(len(names))
    # Nothing of a check goes before the run is known to be large, so its first batch is larger.
    assert sizes == {**{a: [10, 10, 5] for a in ASSETS}, "ASSET_CHECK_EVALUATION": [25, 10, 10, 10, 5]}


def _home_instance(home: Path) -> dg.DagsterInstance:
    if not (home / "dagster.yaml").exists():
        (home / "dagster.yaml").write_text((PACKAGED_CONFIG / "dagster.yaml").read_text())
    return dg.DagsterInstance.from_config(str(home))


def test_kill_after_1500_keys_leaves_1000_events_and_the_next_run_says_the_rest(tmp_path: Path) -> None:
    with _home_instance(tmp_path) as instance:
        keys = register(instance, [f"S{i:04}" for i in range(1600)], ["D1"])
    killed = subprocess.run(
        [sys.executable, "-m", "tests.events.test_run_events", str(tmp_path)], check=False, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    with _home_instance(tmp_path) as instance:
        for asset in ASSETS:
            assert instance.get_materialized_partitions(dg.AssetKey(asset)) == set(keys[:1000])
        told = run(instance, lambda w: _say_all(w, keys[:1500], written=False), keys)
        said = materializations(instance, told)
        assert {m.partition for m in said} == set(keys[1000:1500])
        assert len(said) == len(ASSETS) * 500


def _run_that_is_killed(home: Path) -> None:
    """What the child process does: 1,500 keys are made and added, then it dies before the end of the run."""

    def say(writer: EventWriter) -> None:
        keys = [f"S{i:04}|D1" for i in range(1500)]
        _say_all(writer, keys, written=True)
        os.kill(os.getpid(), signal.SIGKILL)

    with _home_instance(home) as instance:
        run(instance, say, [f"S{i:04}|D1" for i in range(1600)])


def test_a_small_run_says_what_every_check_found(instance: dg.DagsterInstance) -> None:
    keys = register(instance, ["A", "B"])

    def say(writer: EventWriter) -> None:
        for key in keys:
            writer.evaluate(evaluation(key, passed=key != "B|D1"))

    assert evaluated(instance, run(instance, say, keys)) == {key: key != "B|D1" for key in keys}
    history = instance.event_log_storage.get_asset_check_execution_history(CHECK, limit=10)
    assert {r.partition: r.status.value for r in history} == {
        key: "FAILED" if key == "B|D1" else "SUCCEEDED" for key in keys
    }


def test_a_bulk_run_says_findings_and_what_failed_last_time(instance: dg.DagsterInstance) -> None:
    """A key that passes has an event only if its last evaluation failed: no old failure stays on display."""
    keys = register(instance, [f"S{i:02}" for i in range(MAX_LOGGED_KEYS)])
    assert len(keys) > MAX_LOGGED_KEYS
    told: list[dict[str, bool]] = []
    counted: list[int] = []
    for failing in ([keys[3], keys[40]], [keys[40]], []):

        def say(writer: EventWriter, failing: Sequence[str] = failing) -> None:
            for key in keys:
                writer.evaluate(evaluation(key, passed=key not in failing))
            writer.flush()
            counted.append(writer.n_evaluations)

        told.append(evaluated(instance, run(instance, say, keys)))
    assert told == [{keys[3]: False, keys[40]: False}, {keys[3]: True, keys[40]: False}, {keys[40]: True}]
    assert counted == [2, 2, 1]


def test_one_query_per_asset_and_per_check(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = register(instance, [f"S{i:02}" for i in range(MAX_LOGGED_KEYS)])
    calls: list[Any] = []
    storage = type(instance.event_log_storage)
    for name in ("get_latest_tags_by_partition", "get_asset_check_partition_info"):
        original = getattr(storage, name)

        def counted(*given: Any, _name: str = name, _original: Any = original, **named: Any) -> Any:
            calls.append((_name, str(given[1]), len(given)))
            return _original(*given, **named)

        monkeypatch.setattr(storage, name, counted)

    def say(writer: EventWriter) -> None:
        _say_all(writer, keys, written=False)
        for key in keys:
            writer.evaluate(evaluation(key, passed=True))
        writer.flush()
        assert (writer.n_materializations, writer.n_evaluations) == (len(keys) * len(ASSETS), 0)

    run(instance, say, keys)
    # One for each asset, one for the check, and one for each of the two inputs of what is written.
    assert len(calls) == len(set(calls)) == len(ASSETS) + 1 + 2


if __name__ == "__main__":
    _run_that_is_killed(Path(sys.argv[1]))
