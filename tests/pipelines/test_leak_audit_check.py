"""The leak audit over the lake: the shipped spec passes, a planted leak is named, shown and reproduced."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import polars as pl
import pytest
from dagster import AssetCheckEvaluation

from quant_core.bars import Bars
from quant_core.conditions import CONDITIONS
from quant_core.dimensions.hour import Hour
from quant_core.features import FEATURES, Feature
from quant_core.leak_audit.blocks import AuditedBlocks
from quant_core.profile_metrics.next_ret_mean import NextRetMean
from quant_core.spec import load_research
from quant_core.splitters.walk_forward import WalkForward
from quant_core.targets.up_next_bar import UpNextBar
from quant_core.timeframes import Timeframe
from quant_pipelines.checks.leak_audit_check import CHECK_KEY
from quant_pipelines.checks.leak_audit_finding import _block_as_python
from quant_pipelines.resources import PACKAGED_CONFIG
from tests.leak_audit.leaks_in_blocks import FirstFitOfAll, RefittedTertile
from tests.pipelines.small_project import SmallProject

SAMPLE_KEYS = ["NASDAQ|D1", "NASDAQ|W1", "SP500|D1", "SP500|W1"]
LEAKY_SPEC = """
features: [sma(window_bars=5), centered_mean]
market_stats: {events: [k_consecutive(window_bars=2)], conditions: [refitted_tertile], targets: [up_next_bar]}
"""


@dataclass(frozen=True)
class CenteredMean(Feature):
    """Mean of the bar and its two neighbors: sees the next close."""

    @property
    def unit(self) -> str:
        return "price"

    def compute(self, bars: Bars) -> pl.Series:
        return bars.frame["close"].rolling_mean(3, center=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """Bars of the embedded sample, and the shipped spec."""
    made = SmallProject.at(tmp_path_factory.mktemp("leak_audit"))
    (made.root / "config" / "sources.yaml").write_text("sources: {sample: {kind: sample}}")
    (made.root / "config" / "research.yaml").write_text((PACKAGED_CONFIG / "research.yaml").read_text())
    made.register()
    made.run_range("ingest", "SP500|D1", "NASDAQ|W1")
    return made


@pytest.fixture
def leaky(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallProject]:
    """The same bars under a spec with a feature and a condition that look ahead."""
    monkeypatch.setitem(FEATURES._blocks, "centered_mean", CenteredMean)
    monkeypatch.setitem(CONDITIONS._blocks, "refitted_tertile", RefittedTertile)
    file = project.root / "config" / "research.yaml"
    shipped = file.read_text()
    file.write_text(LEAKY_SPEC)
    yield project
    file.write_text(shipped)


def _config(**values: Any) -> dict[str, Any]:
    """Run config of a small audit; only one test pays for a fresh process per key."""
    return {"run_config": {"ops": {"audit_blocks": {"config": {"fresh_process": False} | values}}}}


def _evaluations(project: SmallProject, result: dg.ExecuteInProcessResult) -> dict[str | None, AssetCheckEvaluation]:
    """Partition → stored evaluation of the run's leak audit; None: over all keys of the run."""
    records = project.instance.event_log_storage.get_asset_check_execution_history(CHECK_KEY, limit=50)
    of_run = [r.event.dagster_event for r in records if r.run_id == result.run_id and r.event]
    found = [e.event_specific_data for e in of_run if e]
    return {e.partition: e for e in found if isinstance(e, AssetCheckEvaluation)}


def test_the_shipped_spec_passes_on_every_key_of_the_sample(project: SmallProject) -> None:
    result = project.run("leak_audit", {}, **_config(n_cuts=3, newest_bars=600))
    evaluations = _evaluations(project, result)
    assert set(evaluations) == {None, *SAMPLE_KEYS}
    assert all(e.passed and e.severity is dg.AssetCheckSeverity.ERROR for e in evaluations.values())
    facts = {name: value.value for name, value in evaluations[None].metadata.items()}
    assert (facts["n_keys"], facts["n_keys_too_short"], facts["n_leaks_by_key"]) == (4, 0, {})
    spec = load_research((project.root / "config" / "research.yaml").read_text(), "research.yaml")
    # Blocks, conditions, bins, both readings of metrics and folds of every key, W1 bars and the join to them of daily
    # ones, and each target: three random cuts at least, and the telling ones.
    daily, weekly = (7 + len(spec.market_stats.at(t).targets) for t in (Timeframe.D1, Timeframe.W1))
    assert facts["n_cuts"] > 3 * (2 * daily + 2 * (weekly - 2))
    assert facts["n_values"] > 100_000
    assert facts["n_values_of_engines"] > 10_000
    for key in ("SP500|D1", "SP500|W1"):
        assert evaluations[key].metadata["n_values_of_folds"].value > 0
        assert evaluations[key].metadata["n_values_of_engines"].value > 0
    assert not result.get_asset_materialization_events()


def test_a_planted_leak_fails_the_run_and_is_named_shown_and_reproduced(leaky: SmallProject) -> None:
    result = leaky.run("leak_audit", {}, raise_on_error=False, **_config(n_cuts=6, newest_bars=400, timeframes=["D1"]))
    evaluations = _evaluations(leaky, result)
    assert not result.success
    assert not any(e.passed for e in evaluations.values())
    assert set(evaluations) == {None, "NASDAQ|D1", "SP500|D1"}
    facts = evaluations["SP500|D1"].metadata
    assert facts["n_found"].value == 3
    leaks = {row.data["block"]: row.data for row in facts["leaks"].records}
    # Bins of the test in the training reach the table that counts by them.
    assert set(leaks) == {"centered_mean", "refitted_tertile", "market_stats"}
    assert "after this split are rewritten" in leaks["market_stats"]["how"]
    closes = [row.data["close"] for row in facts["shortest_slice"].records]
    assert leaks["centered_mean"]["expected"] == "None"
    assert float(leaks["centered_mean"]["found"]) == pytest.approx(sum(closes) / 3, rel=1e-5)
    # A centered mean of three shows on three bars, the middle one being the last before the cut.
    assert facts["n_bars_of_shortest_slice"].value == len(closes) == 3
    assert "centered_mean" in facts["first_leak"].value
    snippet = re.fullmatch("```python\n(.*)```", facts["reproduce"].value, re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(snippet[1], {})
    assert printed.getvalue().startswith("Column 'centered_mean' at 20")
    assert printed.getvalue().endswith("bars[0:3].\n")


def test_a_run_with_a_partition_audits_that_key_alone(leaky: SmallProject) -> None:
    result = leaky.run_key("leak_audit", "SP500|W1", raise_on_error=False, **_config(n_cuts=2, newest_bars=50))
    evaluations = _evaluations(leaky, result)
    assert {key: e.passed for key, e in evaluations.items()} == {"SP500|W1": False}


def test_a_key_that_cannot_be_audited_fails_the_run_and_costs_the_others_nothing(project: SmallProject) -> None:
    tags = {
        "dagster/asset_partition_range_start": "SP500|D1",
        "dagster/asset_partition_range_end": "NASDAQ|D1",
    }
    file = project.root / "lake" / "bars" / "symbol=SP500" / "timeframe=D1" / "data.parquet"
    content = file.read_bytes()
    file.unlink()
    try:
        result = project.run("leak_audit", tags, raise_on_error=False, **_config(n_cuts=1, newest_bars=50))
    finally:
        file.write_bytes(content)
    evaluations = _evaluations(project, result)
    assert not result.success
    assert {key: e.passed for key, e in evaluations.items()} == {None: False, "NASDAQ|D1": True}
    assert "Bars of SP500|D1 are not in the lake" in evaluations[None].metadata["failed_keys"].value["SP500|D1"]


def test_a_symbol_without_bars_is_an_error_not_a_pass(project: SmallProject) -> None:
    result = project.run("leak_audit", {}, raise_on_error=False, **_config(symbols=["NOPE"]))
    failures = [e.event_specific_data.error for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    assert "4 such partitions, none of symbols ['NOPE']" in failures[0].cause.message


def test_a_leak_that_no_slice_shows_comes_with_python_that_audits_the_partition_again(
    leaky: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here: a condition that remembers the first bars it was ever fitted on, which a fresh process cannot."""
    monkeypatch.setitem(CONDITIONS._blocks, "first_fit_of_all", FirstFitOfAll)
    monkeypatch.setenv("QUANT_CONFIG", str(leaky.root / "config"))
    file = leaky.root / "config" / "research.yaml"
    file.write_text(LEAKY_SPEC.replace("refitted_tertile", "first_fit_of_all").replace(", centered_mean", ""))
    FirstFitOfAll.kept.clear()
    result = leaky.run_key(
        "leak_audit", "SP500|D1", raise_on_error=False, **_config(n_cuts=2, newest_bars=300, fresh_process=True)
    )
    facts = _evaluations(leaky, result)["SP500|D1"].metadata
    assert "in a process that never saw them: it remembers" in facts["first_leak"].value
    snippet = re.fullmatch("```python\n(.*)```", facts["reproduce"].value, re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(snippet[1], {"__name__": "__main__"})
    assert "Column 'first_fit_of_all' at 20" in printed.getvalue()


def test_coarser_bars_joins_and_folds_are_written_as_python_too() -> None:
    blocks = AuditedBlocks(higher_timeframes=[Timeframe.W1], splitters=[WalkForward()])
    for name in ("bars resampled to W1", "join to bars of W1"):
        assert _block_as_python(blocks, name)[1] == "AuditedBlocks(higher_timeframes=[Timeframe.W1])"


@pytest.mark.parametrize(
    ("blocks", "name"),
    [
        (AuditedBlocks(splitters=[WalkForward()]), WalkForward().canonical),
        (AuditedBlocks(targets=[UpNextBar()]), UpNextBar().canonical),
        (AuditedBlocks(dimensions=[Hour(zone="utc")]), Hour(zone="utc").canonical),
        (AuditedBlocks(metrics=[NextRetMean()]), NextRetMean().bar_value.canonical),
    ],
    ids=["splitter", "target", "dimension", "metric"],
)
def test_every_family_is_written_as_python(blocks: AuditedBlocks, name: str) -> None:
    imports, text = _block_as_python(blocks, name)
    names: dict[str, Any] = {"AuditedBlocks": AuditedBlocks}
    exec(imports, names)
    assert eval(text, names) == blocks
