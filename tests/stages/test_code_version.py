"""The code version: an edit marks the stages whose numbers may change, and no other; words and layout mark none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from quant_core.errors import ConfigError
from quant_core.spec import load_research
from quant_pipelines.lake.code_version import CodeTree
from quant_pipelines.stages.key_run import expected_facts
from quant_pipelines.stages.key_tables import KeyTables
from quant_pipelines.stages.stage import Stage, discover_stages
from tests.stages.small_stages import KEY, inputs_at

ROOT = Path(__file__).resolve().parents[2]
ALL = {"bars", "features", "market_stats", "seasonality_profiles", "stats_details"}
STATISTICS = {"market_stats", "stats_details"}


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str, str], set[str]]:
    """Stages whose version changes when a text of a file is replaced in a copy of the two packages."""
    folder = tmp_path_factory.mktemp("code")
    for package in ("quant_core", "quant_pipelines"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.sql"))
    stages = _stages()
    before = {s.name: _version(CodeTree(folder), s) for s in stages}

    def changed(file: str, old: str, new: str) -> set[str]:
        path = folder / file
        text = path.read_text()
        assert old in text, f"{file} holds no {old!r}: the planted edit is out of date"
        path.write_text(text.replace(old, new, 1) if old else text + new)
        try:
            return {s.name for s in stages if _version(CodeTree(folder), s) != before[s.name]}
        finally:
            path.write_text(text)

    return changed


def _stages() -> list[Stage]:
    """The stages whose edits are planned below: one that is added has edits of its own."""
    return [s for s in discover_stages() if s.name in ALL]


def _version(tree: CodeTree, stage: Stage) -> str:
    return tree.version(stage.make.__module__, *stage.code_modules)


STATEMENT = "\nPLANTED = 1\n"
"""Added at the end of a file."""

EDITS = {
    "formula of an event": ("quant_core/events/gap_up.py", "", STATEMENT, STATISTICS),
    "docstring of an event": ("quant_core/events/gap_up.py", '"""', '"""In other words: ', set[str]()),
    "formula of a feature": ("quant_core/features/gap.py", "", STATEMENT, {"features", *STATISTICS}),
    "formula of a target": ("quant_core/targets/up_next_bar.py", "", STATEMENT, STATISTICS),
    "a dimension": (
        "quant_core/dimensions/quarter.py", "", STATEMENT, {"features", "seasonality_profiles", *STATISTICS},
    ),
    "a profile metric": (
        "quant_core/profile_metrics/n_runs.py", "", STATEMENT, {"seasonality_profiles"},
    ),
    "a rule of quality": ("quant_core/quality/checks/spike.py", "", STATEMENT, {"bars"}),
    "a formula in an asset": (
        "quant_pipelines/assets/market_stats.py", "compute_market_stats(bars,", "compute_market_stats(bars.head(9),",
        {"market_stats"},
    ),
    "a comment in an asset": (
        "quant_pipelines/assets/market_stats.py", "def make(", "# why not\ndef make(", set[str](),
    ),
    "a column of a table": ("quant_core/tables/features.py", "UTC", "UTC, ", {"features"}),
    "a calendar": ("quant_core/calendars/_spans.py", "", STATEMENT, ALL),
    "the shape of a section": (
        "quant_core/seasonality/settings.py", "", STATEMENT, {"seasonality_profiles"},
    ),
    "the folds of a splitter": (
        "quant_core/splitters/walk_forward.py", "", STATEMENT, STATISTICS,
    ),
    "what is read of raw parts": ("quant_core/bars/history.py", "", STATEMENT, {"bars"}),
    "how keys are run": ("quant_pipelines/stages/runner.py", "", STATEMENT, set[str]()),
    "a figure": ("quant_pipelines/plots/price_chart.py", "", STATEMENT, set[str]()),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_marks_exactly_the_stages_whose_numbers_may_change(
    name: str, versions: Callable[[str, str, str], set[str]]
) -> None:
    file, old, new, expected = EDITS[name]
    assert versions(file, old, new) == expected


SPEC = """
features: [log_return]
folds: {train_fraction: 0.6}
cost: {round_trip_bps: 1}
market_stats: {fdr: 0.1}
seasonality: {profile: {by_month: true}}
seed: 5
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("log_return", "gap", {"features"}),
        ("train_fraction: 0.6", "train_fraction: 0.5", STATISTICS),
        ("bps: 1", "bps: 2", STATISTICS),
        ("fdr: 0.1", "fdr: 0.2", STATISTICS),
        ("by_month", "by_quarter", {"seasonality_profiles"}),
        ("seed: 5", "seed: 6", STATISTICS),
        ("fdr: 0.1", "fdr: 0.10", set()),
        ("seed: 5", "seed: 5\ncompute: {threads: 1}", set()),
        ("seed: 5", "seed: 5\ndata: {start: 2020-01-01}", ALL - {"bars"}),
    ],
)
def test_a_change_of_the_research_file_marks_exactly_the_stages_it_is_about(
    old: str, new: str, expected: set[str], tmp_path: Path
) -> None:
    tables = KeyTables(inputs_at(tmp_path).lake, KEY)
    before, after = load_research(SPEC, "a.yaml"), load_research(SPEC.replace(old, new), "b.yaml")
    stages = [s for s in _stages() if s.reads == ("bars",)]
    assert {s.name for s in stages} == ALL - {"bars"}
    assert {s.name for s in stages if expected_facts(s, tables, before) != expected_facts(s, tables, after)} == expected


@pytest.mark.parametrize(
    ("library", "expected"),
    [
        ("numba", {"market_stats", "stats_details", "seasonality_profiles"}),
        ("polars", ALL),
        ("exchange_calendars", ALL),
    ],
)
def test_another_version_of_a_library_marks_the_stages_that_compute_with_it(library: str, expected: set[str]) -> None:
    stages = _stages()
    other = CodeTree(libraries={library: "99.0"})
    assert {s.name for s in stages if _version(other, s) != _version(CodeTree(), s)} == expected


def test_the_version_in_use_is_that_of_the_installed_code() -> None:
    stages = [s for s in discover_stages() if not s.takes_in]
    assert {s.name: s.code_version for s in stages} == {s.name: _version(CodeTree(), s) for s in stages}


def test_a_module_that_does_not_exist_has_no_version() -> None:
    with pytest.raises(ConfigError, match=r"No code of quant_core\.nothing"):
        CodeTree().version("quant_core.nothing")
