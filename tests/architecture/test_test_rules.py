"""Rules for tests: each can fail, none hides, and no file of the real market data is copied here."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

from tests.architecture.source_tree import ROOT, functions, modules, syntax_tree, tracked_files
from tests.order_of_tests import LONG_FILES, longest_first

PROOFS = {
    "raises",
    "warns",
    "fail",
    "assert_frame_equal",
    "assert_series_equal",
    "assert_allclose",
    "assert_array_equal",
}


def _called_names(node: ast.AST) -> set[str]:
    calls = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else f.id for f in calls if isinstance(f, ast.Attribute | ast.Name)}


def _can_fail(function: ast.FunctionDef | ast.AsyncFunctionDef, proving: set[str]) -> bool:
    has_assert = any(isinstance(n, ast.Assert) and not isinstance(n.test, ast.Constant) for n in ast.walk(function))
    return has_assert or bool(_called_names(function) & (PROOFS | proving))


def test_every_test_can_fail() -> None:
    blind = []
    for path in modules("tests"):
        found = functions(path)
        proving = {f.name for f in found if not f.name.startswith("test_") and _can_fail(f, set())}
        blind += [
            f"{path}: {f.name}"
            for f in found
            if f.name.startswith("test_") and not _can_fail(f, proving | _imported(path))
        ]
    assert not blind


def _imported(path: Path) -> set[str]:
    """Names of checks imported from other test modules."""
    nodes = [
        n
        for n in ast.walk(syntax_tree(path))
        if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("tests.")
    ]
    return {a.asname or a.name for n in nodes for a in n.names if a.name.startswith(("assert_", "check_"))}


def test_long_files_exist_and_come_first_and_files_stay_whole() -> None:
    assert [path for path in LONG_FILES if not (ROOT / path).is_file()] == []
    names = ["tests/a.py", *reversed(LONG_FILES), "tests/b.py"]
    items = [SimpleNamespace(path=ROOT / name, number=number) for name in names for number in range(2)]
    for as_they_are, long_files in ((False, list(LONG_FILES)), (True, list(reversed(LONG_FILES)))):
        ordered = longest_first(items, ROOT, as_they_are=as_they_are)  # pyright: ignore[reportArgumentType]
        expected = [*long_files, "tests/a.py", "tests/b.py"]
        assert [(i.path, i.number) for i in ordered] == [(ROOT / name, n) for name in expected for n in range(2)]  # pyright: ignore[reportAttributeAccessIssue]


def test_test_files_have_unique_names() -> None:
    names = [p.name for p in modules("tests") if p.name.startswith("test_")]
    assert len(names) == len(set(names))


def test_skips_say_why() -> None:
    silent = []
    for path in modules("tests"):
        for node in ast.walk(syntax_tree(path)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "skip"
                and not node.args + node.keywords
            ):
                silent.append(f"{path}:{node.lineno}")
    assert not silent


def test_no_market_data_file_is_copied_into_the_project() -> None:
    data = [p for p in tracked_files() if p.suffix in {".parquet", ".feather", ".zip", ".gz"}]
    large = [p for p in tracked_files() if p.name != "requirements.lock" and (ROOT / p).stat().st_size > 400_000]
    assert not data
    assert not large
