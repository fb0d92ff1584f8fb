"""The partitioned graph on a small lake: single keys, ranges, repeats, failures, restatements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from quant_pipelines.lake.partitions import PartitionKey
from tests.pipelines.small_project import SmallProject, daily_csv, fingerprints, keys_of, write_times

STAGES = ("raw_bars", "bars", "features", "market_stats", "seasonality_profiles")


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """Three symbols of daily bars, registered."""
    made = SmallProject.at(tmp_path)
    for symbol in ("AAA", "BBB", "CCC"):
        made.drop(symbol)
    made.register()
    return made


def test_registration_needs_no_earlier_run_and_keeps_the_order_of_the_sources(project: SmallProject) -> None:
    assert project.instance.get_dynamic_partitions("symbols") == ["AAA", "BBB", "CCC"]


def test_a_single_key_runs_through_the_whole_flow(project: SmallProject) -> None:
    project.run_key("research", "BBB|D1")
    for stage in STAGES:
        assert project.materialized(stage) == {"BBB|D1"}
    key = PartitionKey("BBB", "D1")
    assert project.lake.read("bars", key).height == 400
    assert project.lake.read("features", key).columns[:2] == ["ts", "ts_close"]
    assert project.lake.read("market_stats", key)["n"].max() > 0
    for beside in ("quality", "quarantine", "coverage"):
        assert project.lake.keys(beside) == [key]


def test_a_range_covers_its_rectangle_in_registration_order(project: SmallProject) -> None:
    project.run_range("ingest", "AAA|D1", "BBB|W1")
    assert project.materialized("bars") == keys_of(["AAA", "BBB"], ["D1", "W1"])
    daily, weekly = (project.lake.read("bars", PartitionKey("AAA", t)) for t in ("D1", "W1"))
    assert daily["volume"].head(5).sum() == weekly["volume"][0]  # 2020-01-01 to 2020-01-05 is the first ISO week
    assert weekly.height == 57


def test_every_partition_carries_its_own_metadata(project: SmallProject) -> None:
    project.run_range("ingest", "AAA|D1", "BBB|W1")
    records = project.instance.fetch_materializations(dg.AssetKey("bars"), limit=10).records
    by_key = {r.partition_key: r.asset_materialization.metadata for r in records if r.asset_materialization}
    assert by_key["AAA|D1"]["dagster/partition_row_count"].value == 400
    assert by_key["AAA|W1"]["dagster/partition_row_count"].value == 57
    assert by_key["AAA|W1"]["native_timeframe"].value == "D1"


def test_a_second_run_writes_nothing(project: SmallProject, tmp_path: Path) -> None:
    project.run_range("research", "AAA|D1", "CCC|W1")
    before = write_times(tmp_path / "lake")
    assert len(before) > 20
    project.run_range("research", "AAA|D1", "CCC|W1")
    assert write_times(tmp_path / "lake") == before


def test_equal_inputs_give_bit_equal_lakes(project: SmallProject, tmp_path: Path) -> None:
    other = SmallProject.at(tmp_path / "other")
    for symbol in ("AAA", "BBB", "CCC"):
        other.drop(symbol)
    other.register()
    project.run_range("research", "AAA|D1", "CCC|W1")
    for key in ("CCC|W1", "CCC|D1", "AAA|D1", "AAA|W1", "BBB|W1", "BBB|D1"):
        other.run_key("research", key)
    assert fingerprints(tmp_path / "lake") == fingerprints(tmp_path / "other" / "lake")


def test_one_bad_symbol_does_not_cost_the_others(project: SmallProject) -> None:
    header, *rows = daily_csv("BBB", 5).splitlines()
    project.drop("BBB", "\n".join([header, *(r.replace(r.split(",")[2], "0") for r in rows)]) + "\n")
    result = project.run_range("research", "AAA|D1", "CCC|D1", raise_on_error=False)
    assert not result.success
    assert project.materialized("market_stats") == {"AAA|D1", "CCC|D1"}
    failure = next(e for e in result.all_events if e.is_step_failure).step_failure_data.user_failure_data
    assert failure is not None
    assert failure.metadata["n_failed"].value == 1
    assert "1 of 3 keys failed" in str(failure.description)
    assert "BBB|D1" in str(failure.description)


def test_a_key_finer_than_its_source_is_passed_over_and_the_log_says_why(
    project: SmallProject, capfd: pytest.CaptureFixture[str]
) -> None:
    result = project.run_range("ingest", "AAA|H4", "AAA|W1")
    assert result.success
    assert project.materialized("bars") == {"AAA|D1", "AAA|W1"}
    log = capfd.readouterr().err
    assert "AAA|H4 is not applicable" in log
    assert "expected rows at H4 or finer, found D1" in log
    assert "Ask for D1 or longer" in log


def test_a_run_of_impossible_keys_alone_fails_and_says_why(project: SmallProject) -> None:
    result = project.run_key("ingest", "AAA|H4", raise_on_error=False)
    assert not result.success
    failure = next(e for e in result.all_events if e.is_step_failure).step_failure_data.user_failure_data
    assert failure is not None
    assert "1 of 1 keys are not applicable" in str(failure.description)
    assert "found D1" in str(failure.description)
    assert failure.metadata["n_failed"].value == 0


def test_an_inverted_range_is_an_error(project: SmallProject) -> None:
    with pytest.raises(dg.Failure, match="covers no partition"):
        project.run_range("ingest", "CCC|D1", "AAA|D1")


def test_new_rows_are_appended_and_flow_downstream(project: SmallProject) -> None:
    project.run_key("research", "AAA|D1")
    project.drop("AAA", daily_csv("AAA", 430))
    project.run_key("research", "AAA|D1")
    manifest = project.raw_store.manifest(PartitionKey("AAA", "D1"))
    assert manifest is not None
    assert [p.n_rows for p in manifest.parts] == [400, 30]
    assert manifest.version == 1
    assert (manifest.latest.n_new, manifest.latest.n_known) == (30, 400)
    assert project.lake.read("bars", PartitionKey("AAA", "D1")).height == 430


def test_a_restated_history_opens_a_new_version_and_says_by_how_much(project: SmallProject) -> None:
    key = PartitionKey("AAA", "D1")
    project.run_key("ingest", "AAA|D1")
    lines = daily_csv("AAA").splitlines()
    day, symbol, o, _, low, _, volume = lines[10].split(",")
    lines[10] = ",".join([day, symbol, o, "250.0", low, "200.0", volume])
    project.drop("AAA", "\n".join(lines) + "\n")
    project.run_key("ingest", "AAA|D1")
    manifest = project.raw_store.manifest(key)
    assert manifest is not None
    assert manifest.version == 2
    (change,) = (r.restatement for r in manifest.restatements)
    old = project.raw_store.read(key, version=1).rows.row(9, named=True)
    new = project.raw_store.read(key).rows.filter(ts=old["ts"]).row(0, named=True)
    assert (new["high"], new["close"]) == (250.0, 200.0)
    assert change.n_rows_changed == 1
    assert change.first_ts == change.last_ts == old["ts"]
    assert change.max_relative_change == pytest.approx(250.0 / old["high"] - 1, rel=1e-12)
    assert project.raw_store.read(key, version=1).rows.height == project.raw_store.read(key).rows.height == 400
    assert 200.0 in project.lake.read("bars", key)["close"]


def test_bars_of_a_removed_file_stay_readable(project: SmallProject) -> None:
    project.run_key("ingest", "AAA|D1")
    (project.inbox / "AAA.csv").unlink()
    project.run_key("research", "AAA|D1")
    assert project.materialized("market_stats") == {"AAA|D1"}


def test_the_config_folder_can_hold_another_research_file(project: SmallProject) -> None:
    project.run_key("research", "AAA|D1")
    (project.root / "config" / "research.yaml").write_text(
        "features: [log_return]\nmarket_stats: {events: [k_consecutive(window_bars=3)], targets: [up_next_bar]}\n"
    )
    project.run_key("research", "AAA|D1")
    events = project.lake.read("market_stats", PartitionKey("AAA", "D1"))["event"].unique().to_list()
    assert events == ["k_consecutive(window_bars=3,direction=up)"]


@pytest.mark.parametrize(
    ("resource", "config"),
    [
        ("lake", {"url": "elsewhere"}),
        ("lake", {"lock_timeout_s": 1.0}),
        ("sources", {"file": "other.yaml"}),
        ("research", {"file": "other.yaml"}),
        ("clock", {"fixed_now": "2020-01-01T00:00:00+00:00"}),
    ],
)
def test_run_config_sets_no_path_and_no_clock(project: SmallProject, resource: str, config: dict[str, Any]) -> None:
    before = fingerprints(project.root / "lake")
    with pytest.raises(dg.DagsterInvalidConfigError, match=next(iter(config))):
        project.run_key("research", "AAA|D1", run_config={"resources": {resource: {"config": config}}})
    assert fingerprints(project.root / "lake") == before


def test_no_job_shows_the_places_of_lake_and_sources(project: SmallProject) -> None:
    """What a job can be configured with is stored with every run and shown in the web UI."""
    for job in project.definitions().resolve_all_job_defs():
        snapshot = dg.serialize_value(job.get_job_snapshot())
        assert str(project.root) not in snapshot, job.name


def test_a_refused_file_is_reported_and_blocks_nobody(project: SmallProject) -> None:
    (project.inbox / "noise.csv").write_text("to be\nor not to be\n")
    result = project.register()
    assert result.success
    metadata = next(e for e in result.all_events if e.is_successful_output).step_output_data.metadata
    assert "inbox: noise.csv" in metadata["refused"].value
    project.run_key("research", "AAA|D1")
    assert project.materialized("bars") == {"AAA|D1"}
