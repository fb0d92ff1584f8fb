"""Marts and reports whose process dies before each write, removal and move in turn: the next run makes them whole.

Real kills are in test_kill.py; here no operation is left out. Before the kill every mart and page is of other settings,
and one of each is damaged, so that it is set aside before it is made again.
"""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from quant_core.spec import ResearchSpec, load_research
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.unpartitioned import table_path
from quant_pipelines.marts.marts import build_mart, mart_files, mart_settings
from quant_pipelines.report.publishing import publish_report, report_path
from tests.pipelines.child_runs import ChildRun
from tests.pipelines.killed_storage import Killed, killed_lake
from tests.pipelines.kills import differences, state_of
from tests.pipelines.small_project import RESEARCH, SmallProject, range_tags
from tests.pipelines.warm_project import save_nothing

SYMBOLS = ("AAA", "BBB")
DAMAGED = (table_path("mart__coverage"), report_path("AAA"))


def _spec(fdr: float) -> ResearchSpec:
    return load_research(RESEARCH.replace("  n_min: 30", f"  n_min: 30\n  fdr: {fdr}"), "research.yaml")


def _make(lake: Lake, research: ResearchSpec) -> None:
    """Every mart, those that read marts last, then every page."""
    for file in sorted(mart_files(), key=lambda f: any(t.startswith("mart__") for t in f.tables)):
        build_mart(file, lake, mart_settings(research))
    for symbol in SYMBOLS:
        publish_report(lake, research, symbol)


@pytest.mark.slow
def test_marts_and_reports_that_die_before_any_operation_are_made_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Figure, "savefig", save_nothing)
    before, clean = tmp_path / "before", tmp_path / "clean"
    project = SmallProject.at(before)
    for symbol in SYMBOLS:
        project.drop(symbol)
    ChildRun(before, [("register_symbols", {}), ("research", range_tags("AAA|D1", "BBB|W1"))]).finish()
    _make(project.lake, _spec(0.2))
    for path in DAMAGED:
        content = (before / "lake" / path).read_bytes()
        (before / "lake" / path).write_bytes(content[: len(content) // 2])
    shutil.copytree(before, clean)
    _make(Lake(str(clean / "lake")), _spec(0.01))
    wanted = state_of(clean)
    assert sum(name.startswith("damaged/") for name in wanted) == len(DAMAGED)
    n_operations = 0
    for n_operations in count():
        root = tmp_path / f"killed_{n_operations}"
        shutil.copytree(before, root)
        try:
            _make(killed_lake(root / "lake", n_operations), _spec(0.01))
        except Killed:
            _make(Lake(str(root / "lake")), _spec(0.01))
            found = differences(state_of(root), wanted)
            assert not found, "\n".join([f"dead before operation {n_operations}", *found])
        else:
            break
    assert n_operations == _n_rewritten(before, clean) + len(DAMAGED)


def _n_rewritten(before: Path, clean: Path) -> int:
    """Files that a run writes."""
    was, is_ = state_of(before), state_of(clean)
    return sum(content != "" and was.get(name) != content for name, content in is_.items() if "damaged/" not in name)
