"""The tracked files of the project and their syntax trees, for the architecture tests.

Put here: listing and parsing.
Keep out: rules (the test files of this folder).
"""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked_files() -> tuple[Path, ...]:
    """Files that git tracks or would track, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(sorted(Path(name) for name in set(listing.stdout.split("\0")) if name and (ROOT / name).is_file()))


def modules(*folders: str) -> list[Path]:
    """Python files below the named top-level folders, or all of them."""
    return [p for p in tracked_files() if p.suffix == ".py" and (not folders or p.parts[0] in folders)]


@cache
def syntax_tree(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    return [n for n in ast.walk(syntax_tree(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines_of_code(path: Path, function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without signature, docstring, blank lines and comments."""
    body = function.body
    if (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    ):
        body = body[1:]
    if not body:
        return 0
    text = (ROOT / path).read_text(encoding="utf-8").splitlines()
    lines = text[body[0].lineno - 1 : function.end_lineno]
    return sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))
