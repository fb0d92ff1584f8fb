"""What starts with an underscore belongs to its folder: nothing outside imports it, in either package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source_tree import modules, syntax_tree

PACKAGES = ("quant_core", "quant_pipelines")


def _imports(path: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a module imports from the two packages; relative names made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.split(".")[0] in PACKAGES)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*path.parts[: len(path.parts) - node.level], *([base] if base else [])])
            if base.split(".")[0] in PACKAGES:
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def foreign_private_imports(path: Path, tree: ast.Module) -> list[str]:
    """Imports of a private module or name from outside the folder, or the module, that it belongs to."""
    found = []
    own = list(path.with_suffix("").parts)
    for line, name in _imports(path, tree):
        parts = name.split(".")
        first = next((i for i, part in enumerate(parts) if part.startswith("_") and not part.startswith("__")), None)
        if first is not None and own[:first] != parts[:first]:
            found.append(f"{path}:{line}: {name}")
    return found


def test_nothing_private_is_imported_from_outside_its_package() -> None:
    assert not [found for p in modules(*PACKAGES) for found in foreign_private_imports(p, syntax_tree(p))]


@pytest.mark.parametrize(
    ("text", "is_foreign"),
    [
        ("from quant_core.estimators._moments import ratio", True),
        ("import quant_core.estimators._moments", True),
        ("from quant_core.estimators import _moments", True),
        ("from quant_core.market_stats.details import _hidden", True),
        ("from ..estimators._moments import ratio", True),
        ("from quant_core.market_stats._panel import Panel", False),
        ("from ._panel import Panel", False),
        ("from quant_core.estimators.wilson import Wilson", False),
        ("from polars._typing import x", False),
    ],
)
def test_the_rule_sees_every_form_of_import(text: str, is_foreign: bool) -> None:
    path = Path("quant_core/market_stats/_count.py")
    assert bool(foreign_private_imports(path, ast.parse(text))) == is_foreign
