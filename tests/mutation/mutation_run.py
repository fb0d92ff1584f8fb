"""A mutation run: lines drawn by a seed, one mutant on each, and whether the mapped tests of its module notice.

Put here: the map from modules to tests, drawing, running in copies of the tree, and the counts.
Keep out: what a mutant is (mutants.py) and which survivors are equivalent (equivalent_mutants.py).
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.architecture.source_tree import ROOT
from tests.mutation.equivalent_mutants import reason_of
from tests.mutation.mutants import Mutant, mutants

INGESTION = "tests/ingestion/test_"
ALONE = f"{INGESTION}prices_and_zones_alone.py"
MAPPED: dict[str, tuple[str, ...]] = {
    "quant_core/leak_audit/audit.py": ("tests/leak_audit/test_audit_bounds.py",),
    "quant_core/leak_audit/cuts.py": ("tests/leak_audit/test_cuts_by_hand.py",),
    "quant_core/leak_audit/rewriting.py": ("tests/leak_audit/test_rewriting_by_hand.py",),
    "quant_core/splitters/single_split.py": ("tests/contract/test_single_split_bounds.py",),
    "quant_core/calendars/_spans.py": ("tests/time/test_spans_by_hand.py",),
    "quant_core/seasonality/profile.py": ("tests/seasonality/test_least_bars.py",),
    "quant_core/ingestion/price_sets.py": (f"{INGESTION}price_rows.py", ALONE),
    "quant_core/ingestion/clocks.py": (f"{INGESTION}clock_changes.py", f"{INGESTION}clocks.py"),
    "quant_core/ingestion/archives.py": (f"{INGESTION}archive_limits.py", f"{INGESTION}foreign_formats.py"),
    "quant_core/ingestion/refusals.py": (f"{INGESTION}refused_tables.py", f"{INGESTION}named_columns.py", ALONE),
    "quant_core/ingestion/columns.py": (
        f"{INGESTION}column_choice.py",
        f"{INGESTION}named_columns.py",
        ALONE,
        f"{INGESTION}proposed_lines.py",
    ),
    "quant_core/ingestion/column_names.py": (f"{INGESTION}column_choice.py", f"{INGESTION}named_columns.py"),
    "quant_core/ingestion/time_formats.py": (f"{INGESTION}time_patterns.py", f"{INGESTION}time_kinds.py"),
}
"""Module → the fast test files that prove it; its own doctests always run too."""

SECONDS = 120.0
"""A mutant whose tests take longer is killed: it made a loop endless."""


@dataclass(frozen=True)
class Fate:
    """What became of one mutant: ``killed``, ``survived`` or ``equivalent``."""

    path: str
    mutant: Mutant
    fate: str

    def __str__(self) -> str:
        return f"{self.fate:10} {self.path}:{self.mutant}"


def drawn(n_lines: int, seed: int, paths: Iterable[str] = tuple(MAPPED)) -> list[tuple[str, Mutant]]:
    """One mutant on each of ``n_lines`` lines, drawn alike from all lines of the modules that have one."""
    by_line: dict[tuple[str, int], list[Mutant]] = {}
    for path in paths:
        for mutant in mutants((ROOT / path).read_text(encoding="utf-8")):
            by_line.setdefault((path, mutant.line), []).append(mutant)
    chosen = random.Random(seed)
    lines = chosen.sample(sorted(by_line), min(n_lines, len(by_line)))
    return [(path, chosen.choice(by_line[path, line])) for path, line in lines]


def fates(cases: Sequence[tuple[str, Mutant]], folder: Path, n_workers: int = 2) -> list[Fate]:
    """Run every mutant in one of ``n_workers`` copies of the tree below ``folder``."""
    copies: SimpleQueue[Path] = SimpleQueue()
    for i in range(n_workers):
        copies.put(_copy(folder / f"copy_{i}"))

    def fate(case: tuple[str, Mutant]) -> Fate:
        path, mutant = case
        if reason_of(path, mutant):
            return Fate(path, mutant, "equivalent")
        copy = copies.get()
        try:
            return Fate(path, mutant, "killed" if _is_noticed(copy, path, mutant.source) else "survived")
        finally:
            copies.put(copy)

    with ThreadPoolExecutor(n_workers) as workers:
        return list(workers.map(fate, cases))


def passes(folder: Path, paths: Iterable[str] = tuple(MAPPED)) -> bool:
    """True when the mapped tests pass on the unchanged tree: else every mutant would count as killed."""
    copy = _copy(folder / "unchanged")
    tests = sorted({test for path in paths for test in (*MAPPED[path], path)})
    return _tests(copy, tests).returncode == 0


def _copy(folder: Path) -> Path:
    for name in ("quant_core", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _is_noticed(copy: Path, path: str, source: str) -> bool:
    """Write the mutant, run the tests of its module, and put the module back."""
    target = copy / path
    original = target.read_text(encoding="utf-8")
    target.write_text(source, encoding="utf-8")
    try:
        return _tests(copy, [*MAPPED[path], path]).returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        target.write_text(original, encoding="utf-8")


def _tests(copy: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    # No compiled files: one written in the same second as the next mutant would be taken for it.
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ["-q", "-x", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=copy,
        env=environment,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
