"""Attempts: the last word about every key, on every instance, whatever ran before, between and beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg
import pytest

from quant_pipelines.lake.partitions import SYMBOL_TIMEFRAME, SYMBOLS, PartitionKey, plan_rectangles
from quant_pipelines.stages import attempts, last_events
from quant_pipelines.stages.attempts import last_words, pending_failures

STAGES = ["raw_bars", "bars"]
ORDER = [f"S{i:02}" for i in range(20)]


@pytest.fixture
def runs(instance: dg.DagsterInstance) -> dg.DagsterInstance:
    """An instance with twenty symbols."""
    instance.add_dynamic_partitions("symbols", ORDER)
    return instance


def run(
    instance: dg.DagsterInstance,
    symbols: Sequence[str],
    *,
    failed: Mapping[str, str] | None = None,
    reasons: Mapping[str, Mapping[str, str]] | None = None,
    skipped: Mapping[str, Sequence[str]] | None = None,
    dies: bool = False,
    made: Sequence[str] | None = None,
    stages: Sequence[str] = STAGES,
) -> str:
    """A run over D1 of neighboring symbols that materializes ``made`` (default: all but the failed) in its stages."""
    bad = dict(failed or {k: str(v) for k, v in (reasons or {}).items()})
    words: dict[str, object] = {"failed_keys": bad}
    if reasons is not None:
        words |= {"failed_stages": reasons, "skipped_stages": skipped or {}}
    good = [s for s in symbols if f"{s}|D1" not in bad] if made is None else made

    @dg.multi_asset(
        name="stub",
        specs=[dg.AssetSpec(name, skippable=True) for name in stages],
        partitions_def=SYMBOL_TIMEFRAME,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def stub(context):
        for symbol in good:
            for name in stages:
                context.log_event(dg.AssetMaterialization(name, partition=PartitionKey(symbol, "D1").multi))
        if dies:
            raise RuntimeError("killed")
        if bad or reasons is not None:
            metadata = {name: dg.MetadataValue.json(value) for name, value in words.items()}
            raise dg.Failure("bad keys", metadata=metadata, allow_retries=False)
        yield from ()

    (rectangle,) = plan_rectangles([PartitionKey(s, "D1") for s in symbols], ORDER)
    job = dg.Definitions(assets=[stub], jobs=[dg.define_asset_job("research", [stub])]).resolve_job_def("research")
    return job.execute_in_process(instance=instance, tags=dict(rectangle.tags), raise_on_error=False).run_id


def pending(instance: dg.DagsterInstance) -> dict[str, list[str]]:
    """Key → stages with a failure that counts."""
    found = pending_failures(instance, STAGES, instance.get_dynamic_partitions("symbols"))
    return {str(key): [failure.stage for failure in failures] for key, failures in found.items()}


def test_twenty_failed_keys_are_twenty_after_any_number_of_runs(runs: dg.DagsterInstance) -> None:
    for symbol in ORDER[:4]:
        run(runs, [symbol])
    run(runs, ORDER)
    run(runs, ORDER, failed={f"{s}|D1": "bars: broken: by hand" for s in ORDER}, made=[])
    assert pending(runs) == {f"{s}|D1": ["bars"] for s in ORDER}
    (failure,) = pending_failures(runs, STAGES, ORDER)[PartitionKey("S00", "D1")]
    assert failure.reason == "broken: by hand"


def test_a_later_materialization_makes_good_and_one_of_another_stage_does_not(runs: dg.DagsterInstance) -> None:
    run(runs, ["S00", "S01"], failed={"S00|D1": "bars: broken", "S01|D1": "bars: broken"})
    run(runs, ["S00"], stages=["raw_bars"])
    assert pending(runs) == {"S00|D1": ["bars"], "S01|D1": ["bars"]}
    run(runs, ["S00"])
    assert pending(runs) == {"S01|D1": ["bars"]}


def test_what_a_run_made_of_a_key_before_naming_it_does_not_make_it_good(runs: dg.DagsterInstance) -> None:
    run(runs, ["S00", "S01"], failed={"S00|D1": "bars: broken"}, made=["S00", "S01"])
    assert pending(runs) == {"S00|D1": ["bars"]}


def test_a_run_that_died_counts_with_all_its_keys_but_those_it_made(runs: dg.DagsterInstance) -> None:
    run(runs, ["S00", "S01", "S02"], dies=True, made=["S01"])
    assert pending(runs) == {"S00|D1": STAGES, "S02|D1": STAGES}


def test_a_symbol_that_was_taken_off_the_list_and_put_back_keeps_its_failures(runs: dg.DagsterInstance) -> None:
    run(runs, ["S00", "S01", "S02"], dies=True, made=[])
    for symbol in ("S00", "S01"):
        runs.delete_dynamic_partition("symbols", symbol)
    runs.add_dynamic_partitions("symbols", ["S01", "S00"])  # now last, and the other way around
    assert pending(runs) == {f"{symbol}|D1": STAGES for symbol in ("S00", "S01", "S02")}


def test_a_later_run_that_has_nothing_to_write_makes_good(runs: dg.DagsterInstance) -> None:
    run(runs, ["S00", "S01"], failed={"S00|D1": "bars: broken", "S01|D1": "bars: broken"})
    run(runs, ["S01"], made=[], stages=["raw_bars"])  # says nothing about bars
    assert pending(runs) == {"S00|D1": ["bars"], "S01|D1": ["bars"]}
    run(runs, ["S00", "S01"], made=[], failed={"S01|D1": "bars: still broken"})
    assert pending(runs) == {"S01|D1": ["bars"]}
    words = last_words(runs, STAGES, ORDER)
    assert words[attempts.Place(PartitionKey("S01", "D1"), "bars")].failure.reason == "still broken"
    run(runs, ["S01"], made=[])
    assert pending(runs) == {}


def test_a_stage_that_a_later_run_came_to_is_good_although_the_key_failed_below_it(runs: dg.DagsterInstance) -> None:
    run(runs, ["S00", "S01"], reasons={"S00|D1": {"raw_bars": "no answer"}, "S01|D1": {"bars": "broken"}}, made=[])
    assert pending(runs) == {"S00|D1": ["raw_bars"], "S01|D1": ["bars"]}
    again = {"S00|D1": {"bars": "broken"}, "S01|D1": {"raw_bars": "no answer"}}
    run(runs, ["S00", "S01"], reasons=again, skipped={"S01|D1": ["bars"]}, made=[])
    assert pending(runs) == {"S00|D1": ["bars"], "S01|D1": STAGES}


def test_a_run_whose_keys_are_all_not_applicable_names_none_and_fails_none(runs: dg.DagsterInstance) -> None:
    run(runs, ["S00", "S01"], reasons={}, made=[])
    assert pending(runs) == {}


def test_runs_of_other_partitions_and_of_none_say_nothing_about_keys(runs: dg.DagsterInstance) -> None:
    @dg.multi_asset(name="by_symbol", specs=[dg.AssetSpec("raw_bars")], partitions_def=SYMBOLS)
    def by_symbol():
        raise RuntimeError("no report")

    @dg.multi_asset(name="whole", specs=[dg.AssetSpec("raw_bars")])
    def whole():
        raise RuntimeError("no mart")

    dg.materialize([by_symbol], instance=runs, partition_key="S00", raise_on_error=False)
    dg.materialize([whole], instance=runs, raise_on_error=False)
    assert pending(runs) == {}


def test_at_equal_times_the_run_that_was_created_later_has_the_last_word(
    runs: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.0)
    run(runs, ["S00"])
    run(runs, ["S00"], failed={"S00|D1": "bars: broken"}, made=[])
    assert pending(runs) == {"S00|D1": ["bars"]}
    run(runs, ["S00"])
    assert pending(runs) == {}


def test_more_keys_than_one_query_takes_are_all_found(
    runs: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_events, "_BATCH", 3)
    run_id = run(runs, ORDER)
    found = last_events.last_materializations(runs, dg.AssetKey("bars"))
    assert {key: event.run_id for key, event in found.items()} == {f"{s}|D1": run_id for s in ORDER}
    assert last_events.last_materializations(runs, dg.AssetKey("bars"), []) == {}
