"""No text tells anybody to delete what cannot be computed again: raw rows, their manifests, watermarks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_DELETING = re.compile(
    r"\b(delete|remove|erase|wipe|rm -r\w*|move\b[^.]*\bout of the lake|start(s|ing)? (over|afresh)|ingest\w* again)\b",
    re.I,
)
_RAW = re.compile(r"\b(raw|raw_bars|watermark|manifest|delivered|deliveries|ingest|partition|parts?|folder)\b", re.I)
# Rewritten together with the reading of tables (row 2 of the same issue).
_ELSEWHERE = {"quant_pipelines/sources/mysql/progress.py"}


def _texts(file: Path) -> list[str]:
    """Every text of a module that people may see; docstrings are about code."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, documented)]
    docstrings = {id(b[0].value) for b in bodies if b and isinstance(b[0], ast.Expr)}
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(v.value if isinstance(v, ast.Constant) else "…" for v in node.values))  # pyright: ignore[reportArgumentType]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            found.append(node.value)
    return found


def advice_to_delete(text: str) -> list[str]:
    """Sentences that tell to delete raw rows, or what knows of them; that something is never deleted is no advice."""
    sentences = re.split(r"(?<=[.:;|])\s", text)
    found = [s for s in sentences if _DELETING.search(s) and _RAW.search(s)]
    return [s for s in found if not re.search(r"\b(never|not|nothing|no|neither|nor|stays?|instead)\b", s, re.I)]


@pytest.mark.parametrize(
    ("text", "is_advice"),
    [
        ("The watermark cannot be read. Delete the manifest and ingest again.", True),
        ("Move the raw partition out of the lake and run qe launch ingest", True),
        ("Raw rows are never deleted.", False),
        ("Delete the report and make it again.", False),
    ],
)
def test_the_search_finds_such_advice(text: str, is_advice: bool) -> None:
    assert bool(advice_to_delete(text)) is is_advice


def test_no_text_of_the_code_tells_to_delete_raw_rows() -> None:
    files = [f for package in ("quant_core", "quant_pipelines") for f in sorted((ROOT / package).rglob("*.py"))]
    texts = {f.relative_to(ROOT).as_posix(): _texts(f) for f in files}
    found = {name: [a for text in own for a in advice_to_delete(text)] for name, own in texts.items()}
    assert {name: own for name, own in found.items() if own and name not in _ELSEWHERE} == {}


def test_no_page_tells_to_delete_raw_rows() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    found = {page.name: advice_to_delete(page.read_text(encoding="utf-8")) for page in pages}
    assert {name: own for name, own in found.items() if own} == {}
