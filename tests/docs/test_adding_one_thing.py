"""What adding one thing costs: one of each kind in a copy of the project, the files counted, the whole contract run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from quant_core.reference import families
from tests.architecture.source_tree import ROOT
from tests.docs.project_copy import ProjectCopy, additions

COSTS = {kind: 3 if kind == "stage_with_settings" else 1 for kind in additions()}
"""Kind → files that are touched, as the project promises."""

CONTRACT = [
    "tests/contract",
    "tests/calibration/test_worlds.py",
    "tests/ingestion/test_cleaning.py",
    "tests/ingestion/test_dialect_formats.py",
    "tests/pipelines/test_figures.py",
    "tests/pipelines/test_marts.py",
]
"""Tests with a case for every block, check, reader, mart or figure."""


def _blocks() -> dict[str, str]:
    """Family folder → id of the block that is added to it."""
    modules = [Path(path) for files in additions().values() for path in files]
    found = {p.parent.relative_to("quant_core").as_posix(): p.stem for p in modules if p.parts[0] == "quant_core"}
    return {folder: name for folder, name in found.items() if folder in families()}


def _page() -> dict[str, tuple[int, list[str]]]:
    """Kind → number of files and their places, as CONTRIBUTING.md says."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z ]+) \| (\d+) \| (.+?) \|", text, re.MULTILINE)
    return {kind.replace(" ", "_"): (int(n), re.findall(r"`([^`]+)`", places)) for kind, n, places in rows}


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> tuple[ProjectCopy, dict[str, str]]:
    """The project with one more of each kind, and the files that this touched, before any test makes pages in it."""
    copied = ProjectCopy.at(tmp_path_factory.mktemp("copy") / "project")
    for files in additions().values():
        copied.add(files)
    return copied, copied.touched()


@pytest.fixture
def copy(added: tuple[ProjectCopy, dict[str, str]]) -> ProjectCopy:
    return added[0]


def test_the_kinds_are_all_there_are() -> None:
    assert set(_blocks()) == set(families())
    assert set(_page()) == set(additions())


def test_each_thing_touches_as_many_files_as_promised(added: tuple[ProjectCopy, dict[str, str]]) -> None:
    by_kind = {kind: set(files) for kind, files in additions().items()}
    assert {kind: len(files) for kind, files in by_kind.items()} == COSTS
    assert {kind: n for kind, (n, _) in _page().items()} == COSTS
    touched = added[1]
    assert set(touched) == set().union(*by_kind.values())
    edited = {path for path, how in touched.items() if how != "??"}
    assert edited == by_kind["table_column"] | by_kind["column_of_a_mart"]


@pytest.mark.parametrize("kind", additions())
def test_the_page_names_the_places(kind: str) -> None:
    _, places = _page()[kind]
    patterns = [re.sub(r"[A-Z]+", r"[a-z0-9_/]+", re.escape(place)) for place in places]
    files = sorted(additions()[kind])
    assert len(files) == len(patterns)
    assert all(any(re.fullmatch(pattern, file) for pattern in patterns) for file in files)
    assert all(any(re.fullmatch(pattern, file) for file in files) for pattern in patterns)


def test_the_copy_keeps_the_contract_and_uses_what_was_added(copy: ProjectCopy) -> None:
    for line in _recipe("reference"):
        program, page = line.split(" > ")
        (copy.root / page).write_text(copy.run(*shlex.split(program)), encoding="utf-8")
    names = sorted({*_blocks().values(), "bar_counts", "bar_gaps"})
    wanted = [name for block in names for name in dict.fromkeys((block, block.replace("_", "")))]
    doctests = [path for files in additions().values() for path in files if path.startswith("quant_core")]
    chosen = " or ".join([*wanted, "architecture", "reference_pages", "reached"])
    output = copy.run(
        *("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", "-k", chosen, *CONTRACT),
        *("tests/architecture", "tests/docs/test_reference_pages.py", "tests/docs/added_things_are_reached.py"),
        *doctests,
    )
    passed = re.search(r"(\d+) passed", output)
    assert passed
    assert int(passed.group(1)) > 150


def _recipe(target: str) -> list[str]:
    """The commands of a make target, without the place of the environment."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert recipe, f"the Makefile has no target {target}"
    return [line.strip().removeprefix("$(BIN)/") for line in recipe.group(1).splitlines()]


def test_the_code_location_loads_and_the_command_explains_itself(copy: ProjectCopy, tmp_path: Path) -> None:
    output = copy.run(
        *("python", "-c", "from quant_pipelines.definitions import defs; from quant_pipelines.cli import main; main()"),
        *("spans", "--help"),
        DAGSTER_HOME=str(tmp_path),
    )
    assert "the number of bars of every partition" in output


def test_the_copy_keeps_the_layers_and_the_types(copy: ProjectCopy) -> None:
    assert "0 broken" in copy.run("lint-imports", "--no-cache")
    files = [path for files in additions().values() for path in files if path.endswith(".py")]
    types = copy.run(
        "pyright", "--pythonpath", str(copy.run("python", "-c", "import sys; print(sys.executable)").strip()), *files
    )
    assert "0 errors" in types
    assert "All checks passed" in copy.run("ruff", "check", "--no-cache", *files)


NAMING = [
    "tests/calibration/test_calibration_page.py::test_every_world_and_measure_is_explained_and_in_the_release_table",
    "tests/pipelines/test_checks.py::test_a_job_plans_no_check_and_logs_one_evaluation_per_check_and_key",
    "tests/pipelines/test_key_state.py::test_a_stale_key_names_the_first_differing_fact_and_its_stage",
    "tests/pipelines/test_report.py::test_every_section_is_there_with_figures_and_verdicts",
    "tests/pipelines/test_schema_versions.py::test_a_contract_check_reports_another_schema_as_a_finding",
    "tests/pipelines/test_seasonality_stage.py::test_a_key_is_missing_until_the_whole_flow_has_made_its_profiles",
    "tests/spec/test_sections.py",
    "tests/stages/test_code_version.py",
    "tests/stages/test_key_run.py::test_a_fresh_key_reads_each_table_once_and_an_unchanged_one_reads_facts_only",
    "tests/stages/test_runner.py::test_an_instance_that_never_saw_the_lake_is_told_once",
]
"""Tests that name what is shipped: they must not forbid more."""


@pytest.mark.slow
def test_tests_that_name_what_is_shipped_allow_one_more(copy: ProjectCopy) -> None:
    output = copy.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *NAMING)
    passed = re.search(r"(\d+) passed", output)
    assert passed
    assert int(passed.group(1)) > 50
