"""The wheel holds everything the packages read, and works in an empty folder, outside the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, tracked_files

PROGRAM = """
from pathlib import Path
import quant_core, quant_pipelines
from quant_core.tables import TABLES
from quant_pipelines.checks.checks import discover_checks
from quant_pipelines.definitions import defs
from quant_pipelines.lake.sql_files import SQL_FOLDER
from quant_pipelines.marts.marts import mart_files
from quant_pipelines.report.page import report_html

place = Path(quant_pipelines.__file__).parents[1]
assert place == Path(quant_core.__file__).parents[1], place
assert SQL_FOLDER == place / "quant_pipelines" / "sql", SQL_FOLDER
assets = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
print(place)
print(" ".join(sorted(name for name in assets if name.startswith("mart__"))))
print(" ".join(f"{c.asset}__{c.name}" for c in discover_checks(list(TABLES))))
"""


def _data_files() -> set[Path]:
    """What the packages read besides Python: settings, templates, SQL."""
    return {p for p in tracked_files() if p.parts[0] in {"quant_core", "quant_pipelines", "sql"} and p.suffix != ".py"}


def _in_package(path: Path) -> Path:
    """Where a file of the checkout lies in an installation."""
    return Path("quant_pipelines") / path if path.parts[0] == "sql" else path


def test_every_data_file_is_declared_as_package_data() -> None:
    assert (ROOT / "quant_pipelines" / "sql").resolve() == ROOT / "sql"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]
    declared = {
        found.relative_to(ROOT)
        for package, globs in patterns.items()
        for pattern in globs
        for found in (ROOT / package).glob(pattern)
    }
    assert len(_data_files()) > 15
    assert {_in_package(p) for p in _data_files()} <= declared


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the tracked files, installed into a folder of its own."""
    root = tmp_path_factory.mktemp("wheel")
    source, target = root / "source", root / "installed"
    for path in [*tracked_files(), Path("quant_pipelines/sql")]:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, source / path, follow_symlinks=False)
    _python(["-m", "build", "--wheel", "--no-isolation", "--outdir", str(root), str(source)], root)
    (wheel,) = root.glob("*.whl")
    names = {Path(name) for name in zipfile.ZipFile(wheel).namelist()}
    modules = {p for p in tracked_files() if p.parts[0] in {"quant_core", "quant_pipelines"}}
    assert {_in_package(p) for p in _data_files() | modules} <= names
    assert not [name for name in names if name.parts[0] in {"tests", "docs", "data_lake", "sql"}]
    install = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check", "--target", str(target)]
    _python(["-m", "pip", "install", *install, str(wheel)], root)
    return target


def _python(arguments: Sequence[str], folder: Path, **variables: str) -> str:
    """Run Python in a folder, without anything of this checkout on its path; what it printed."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "QUANT_", "QE_", "DAGSTER"))}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_installed_wheel_finds_its_definitions_marts_and_checks(installed: Path, tmp_path: Path) -> None:
    place, marts, checks = _python(["-c", PROGRAM], tmp_path, PYTHONPATH=str(installed)).splitlines()
    assert Path(place) == installed
    assert marts.split() == sorted(p.stem for p in (ROOT / "sql" / "marts").glob("*.sql"))
    assert {p.stem for p in (ROOT / "sql" / "checks").glob("*.sql")} <= set(checks.split())


@pytest.mark.slow
def test_the_installed_command_runs_jobs_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    variables = {"PYTHONPATH": str(installed), "DAGSTER_HOME": str(tmp_path / "home")}
    command = str(installed / "bin" / "qe")
    assert "backfill" in _python([command, "--help"], tmp_path, **variables)
    _python([command, "launch", "register_symbols"], tmp_path, **variables)
    _python([command, "launch", "marts"], tmp_path, **variables)
    assert (tmp_path / "data_lake" / "mart__coverage" / "data.parquet").is_file()
    assert (tmp_path / "home" / "dagster.yaml").is_file()
