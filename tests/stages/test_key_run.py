"""One key through stages: a failure costs what is below it, pictures and checks cost nothing, tables are read once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from quant_core.errors import ConfigError
from quant_core.spec import ResearchSpec
from quant_core.tables import TABLES
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.stages import key_run
from quant_pipelines.stages.check import Check
from quant_pipelines.stages.key_run import KeyOutcome, KeyPlan, expected_facts, run_key
from quant_pipelines.stages.key_tables import KeyTables
from quant_pipelines.stages.reader import Reader
from quant_pipelines.stages.stage import Made, Stage, discover_stages
from tests.pipelines.small_project import SmallProject
from tests.stages.small_stages import KEY, inputs_at, stage


def _statuses(outcome: KeyOutcome) -> dict[str, str]:
    return {o.stage: o.status for o in outcome.stages}


def test_only_what_reads_a_failed_stage_is_skipped(tmp_path: Path) -> None:
    stages = [
        stage("one", "bars"),
        stage("bad", "bars", fails=True),
        stage("below", "bad"),
        stage("far_below", "below"),
        stage("beside", "one"),
    ]
    outcome = run_key(inputs_at(tmp_path), KeyPlan(stages), KEY)
    assert _statuses(outcome) == {
        "one": "written", "bad": "failed", "below": "skipped", "far_below": "skipped", "beside": "written",
    }  # fmt: skip
    assert [f.stage for f in outcome.failures] == ["bad"]
    assert "unexpected ValueError: broken on purpose" in outcome.failures[0].reason
    assert "Traceback" in outcome.problems[0]


def test_a_key_outside_the_research_spec_is_not_applicable(tmp_path: Path) -> None:
    inputs = inputs_at(tmp_path, "data: {symbols: [OTHER]}\n")
    outcome = run_key(inputs, KeyPlan([replace(stage("one", "bars"), section="features"), stage("two", "one")]), KEY)
    assert _statuses(outcome) == {"one": "not_applicable", "two": "not_applicable"}
    assert "expected symbols ('OTHER',)" in outcome.stages[1].reason


def test_a_stage_cannot_read_what_it_does_not_declare(tmp_path: Path) -> None:
    def make(read: Reader, _settings: ResearchSpec, _config: object) -> Made:
        return Made({"one": read.table("quality")})

    outcome = run_key(inputs_at(tmp_path), KeyPlan([replace(stage("one", "bars"), make=make)]), KEY)
    assert "Stage one reads quality: expected one of its declared inputs (bars)" in outcome.failures[0].reason


def test_a_stage_declares_what_it_reads() -> None:
    with pytest.raises(ConfigError, match="reads nothing"):
        stage("one")


def test_a_stage_that_makes_other_tables_than_declared_fails(tmp_path: Path) -> None:
    outcome = run_key(inputs_at(tmp_path), KeyPlan([stage("one", "bars", beside=("coverage",))]), KEY)
    assert "expected ['coverage', 'one']" in outcome.failures[0].reason


def test_a_view_or_check_that_fails_costs_nothing_but_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        raise ValueError("too large for the event log")

    monkeypatch.setattr(key_run, "view_of", lambda _name: broken)
    check = Check("one", "never", "Fails.", broken)
    outcome = run_key(inputs_at(tmp_path), KeyPlan([stage("one", "bars")], [check], draw=True), KEY)
    (made,) = outcome.stages
    assert made.status == "written"
    assert "written" in made.metadata
    assert made.findings["never"].n_found == 1
    assert len(outcome.problems) == 2
    assert all("too large for the event log" in problem for problem in outcome.problems)


def test_a_changed_section_input_or_configuration_makes_the_key_again(tmp_path: Path) -> None:
    inputs = inputs_at(tmp_path)
    one = replace(stage("one", "bars"), section="features")
    run = {"first": run_key(inputs, KeyPlan([one]), KEY), "again": run_key(inputs, KeyPlan([one]), KEY)}
    other = inputs_at(tmp_path, "features: [gap]\n")
    run["section"] = run_key(other, KeyPlan([one]), KEY)
    bars = other.lake.read("bars", KEY)
    facts = other.lake.facts("bars", KEY)
    assert facts is not None
    other.lake.write("bars", KEY, bars, replace(facts, data_version="restated"))
    run["input"] = run_key(other, KeyPlan([one]), KEY)
    assert {name: outcome.stages[0].status for name, outcome in run.items()} == {
        "first": "written", "again": "unchanged", "section": "written", "input": "written",
    }  # fmt: skip


class _Spy:
    """Counts what is read of a lake."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: Counter[str] = Counter()
        self.facts: Counter[str] = Counter()
        read, facts, scan = Lake.read, Lake.facts, Lake.scan

        def spy_read(lake: Lake, asset: str, key: PartitionKey) -> Any:
            self.rows[f"{asset} {key}"] += 1
            return read(lake, asset, key)

        def spy_scan(lake: Lake, asset: str, keys: list[PartitionKey]) -> Any:
            self.rows.update(f"{asset} {key}" for key in keys)
            return scan(lake, asset, keys)

        def spy_facts(lake: Lake, asset: str, key: PartitionKey) -> Any:
            self.facts[f"{asset} {key}"] += 1
            return facts(lake, asset, key)

        monkeypatch.setattr(Lake, "read", spy_read)
        monkeypatch.setattr(Lake, "scan", spy_scan)
        monkeypatch.setattr(Lake, "facts", spy_facts)


def test_a_fresh_key_reads_each_table_once_and_an_unchanged_one_reads_facts_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = SmallProject.at(tmp_path)
    project.drop("AAA")
    project.register()
    project.run_key("ingest", "AAA|D1")
    spy = _Spy(monkeypatch)
    project.run_key("research", "AAA|D1")
    # Bars are there already; everything else is made from them and looked at in memory.
    assert spy.rows == {"bars AAA|D1": 1}
    spy.rows.clear()
    spy.facts.clear()
    project.run_key("research", "AAA|D1")
    assert not spy.rows
    made = [s for s in discover_stages("symbol_timeframe") if s.refresh == "on_data" and not s.takes_in]
    tables = {table for found in made for table in found.tables}
    assert tables >= {"bars", "quality", "coverage", "features", "market_stats", "seasonality_stability"}
    assert spy.facts == {f"{table} AAA|D1": 1 for table in tables}


def test_expected_facts_are_those_of_the_file_for_every_shipped_stage(tmp_path: Path) -> None:
    project = SmallProject.at(tmp_path)
    project.drop("AAA")
    project.register()
    project.run_key("research", "AAA|W1")
    key = PartitionKey("AAA", "W1")
    spec = project.definitions().resources["research"].load()  # pyright: ignore[reportOptionalSubscript]
    stages = [s for s in discover_stages("symbol_timeframe") if s.refresh == "on_data" and not s.takes_in]
    assert len(stages) >= 4
    for found in stages:
        tables = KeyTables(project.lake, key)
        assert expected_facts(found, tables, spec).same_inputs(project.lake.facts(found.name, key)), found.name


def test_the_stages_of_the_graph_read_only_declared_tables() -> None:
    known = {table for found in discover_stages() for table in found.tables} | {"sources"}
    assert all(set(found.reads) <= known for found in discover_stages())
    by_name = {found.name: found for found in discover_stages()}
    assert by_name["market_stats"].reads == ("bars",)
    assert TABLES["bars"] is by_name["bars"].table


def test_a_view_is_named_by_its_file_and_gets_the_tables_of_the_key() -> None:
    drawn = {found.name for found in discover_stages() if key_run.view_of(found.name) is not None}
    assert {"bars", "features", "market_stats", "seasonality_profiles", "stats_details"} <= drawn


def test_stage_names_are_unique_and_upstream_comes_first() -> None:
    names = [found.name for found in discover_stages()]
    assert len(names) == len(set(names))
    place = {name: i for i, name in enumerate(names)}
    stages: list[Stage] = discover_stages()
    assert all(place[parent] < place[found.name] for found in stages for parent in found.upstream)
